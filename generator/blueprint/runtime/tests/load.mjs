// SPDX-License-Identifier: Apache-2.0
// Load: opens a page of this app without a browser: real scripts, fake document, fake storage.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import vm from 'node:vm';
import { fakeDocument } from './fake-dom.mjs';

const root = new URL('../', import.meta.url);
export const read = (path) => readFileSync(new URL(path, root), 'utf8');

export class MemoryStorage {
  constructor(limit = Infinity) {
    this.items = new Map();
    this.limit = limit;
  }
  getItem(key) { return this.items.get(key) ?? null; }
  setItem(key, value) {
    if (value.length > this.limit) throw new Error('QuotaExceededError');
    this.items.set(key, String(value));
  }
  removeItem(key) { this.items.delete(key); }
}

// HTML text as a reader sees it.
export const unescapeHtml = (text) =>
  text.replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&quot;/g, '"').replace(/&#39;/g, "'").replace(/&amp;/g, '&');
export const textOf = (html) => unescapeHtml(html.replace(/<[^>]*>/g, ' ')).replace(/\s+/g, ' ').trim();

function attributesOf(tag) {
  return [...tag.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, name, value]) => [name, unescapeHtml(value)]);
}

function addPlaces(document, html) {
  for (const [tag] of html.matchAll(/<(?:div|p)\b[^>]*(?:data-view|data-theme-toggle|id="toasts")[^>]*>/g)) {
    const place = document.createElement('div');
    attributesOf(tag).forEach(([name, value]) => place.setAttribute(name, value));
    if (tag.includes('data-theme-toggle')) place.setAttribute('data-theme-toggle', '');
    document.body.appendChild(place);
  }
}

// Opens `file` with `storage`; the same storage again is a reload.
export function openPage(file = 'index.html', storage = new MemoryStorage()) {
  const html = read(file);
  const document = fakeDocument();
  addPlaces(document, html);
  Object.assign(globalThis, { document, App: undefined, setTimeout: () => 0, matchMedia: () => ({ matches: false }) });
  for (const [, source] of html.matchAll(/<script src="([^"]+)"/g)) {
    vm.runInThisContext(read(source), { filename: source });
  }
  const App = globalThis.App;
  const store = App.start(storage);
  const find = (selector) => document.querySelector(selector);
  const rows = () => document.querySelectorAll('[data-row]').map((row) => row.getAttribute('data-row'));
  const entity = (id) => App.query.entityOf(id);
  const use = (control, name, event) => {
    assert.ok(control, `the page offers ${name}`);
    control.value = event.value;
    assert.equal(control.value, String(event.value), `${name} offers ${event.value}`);
    control.checked = Boolean(event.checked);
    control.dispatch(event.name);
  };
  return {
    App, store, storage, document, html, find, rows, entity,
    filter: (id, value) => use(find(`[data-filter="${id}"]`), 'the filter ' + id, { name: 'change', value, checked: value === 'yes' }),
    search: (id, value) => use(find(`[data-search="${id}"]`), 'a search', { name: 'input', value }),
    sort: (id, value) => use(find(`[data-sort="${id}"]`), 'sorting', { name: 'change', value }),
    press: (action) => {
      const button = find(`[data-action="${action}"]`);
      assert.ok(button, `the page offers the button ${action}`);
      button.click();
    },
    add: (id, inputs) => {
      const result = store.add(entity(id), sample(App, store, id, inputs));
      assert.deepEqual(result.errors ?? {}, {}, 'saved without an error');
      return result.row;
    },
  };
}

let count = 0;
const two = (number) => String(number).padStart(2, '0');
const dayOf = (number) => `2026-${two(1 + (Math.floor(number / 28) % 12))}-${two(1 + (number % 28))}`;
const timeOf = (number) => `${two(Math.floor(number / 60) % 24)}:${two(number % 60)}`;

function sampleOf(App, store, field) {
  const least = Number(field.min ?? 0);
  const most = Number(field.max ?? Infinity);
  switch (App.values.kind(field)) {
    case 'integer': case 'rating': case 'percent': return String(Math.min(Math.max(1, Math.ceil(least)), most));
    case 'decimal': case 'money': return String(Math.min(Math.max(1, least), most));
    case 'boolean': return false;
    case 'date': return dayOf(count);
    case 'time': return timeOf(count);
    case 'datetime': return `${dayOf(count)}T${timeOf(count)}`;
    case 'enum': return field.values[0];
    case 'email': return `sample${count}@example.com`;
    case 'phone': return '0131 555 0' + String(count % 1000).padStart(3, '0');
    case 'url': return `https://example.com/${count}`;
    case 'colour': return '#336699';
    case 'tags': return 'one, two';
    case 'refs': return [];
    case 'ref': return field.required ? store.add(App.query.entityOf(App.values.target(field)),
      sample(App, store, App.values.target(field))).row.id : '';
    default: return `Sample ${count}`;
  }
}

// Inputs that the entity's form accepts, with some of them replaced.
export function sample(App, store, id, inputs = {}) {
  count += 1;
  const made = {};
  for (const field of App.query.entityOf(id).fields) {
    if (!field.derived) made[field.id] = sampleOf(App, store, field);
  }
  return { ...made, ...inputs };
}

// The row that is stored when a form with these inputs is saved.
export function accepts(id, inputs) {
  const page = openPage();
  return page.add(id, inputs);
}

// A form with these inputs is refused because of `field`, and nothing is stored.
export function refuses(id, field, value, before = []) {
  const page = openPage();
  before.forEach((inputs) => page.add(id, inputs));
  const result = page.store.add(page.entity(id), sample(page.App, page.store, id, { [field]: value }));
  assert.equal(result.ok, false, `${id}.${field} = ${JSON.stringify(value)} is refused`);
  assert.ok(result.errors[field], `the error stands at ${field}`);
  assert.equal(page.store.all(id).length, before.length, 'nothing is stored');
}

// Fills the form that is open and presses Save.
export function fillForm(page, inputs) {
  const form = page.find('form');
  for (const [name, value] of Object.entries(inputs)) {
    for (const input of form.querySelectorAll(`[name="${name}"]`)) {
      if (typeof value === 'boolean') input.checked = value;
      else if (!Array.isArray(value)) input.value = value;
    }
  }
  form.dispatch('submit');
  return form;
}

export const boardText = (page, id) => {
  const board = page.find(`[data-board="${id}"]`);
  assert.ok(board, `the page shows the figure ${id}`);
  return board.textContent;
};

// Rows as an earlier version of the app stored them, opened with this version.
export function openOld(version, rows) {
  const storage = new MemoryStorage();
  const key = openPage().App.model.app.storage_key;
  storage.setItem(key, JSON.stringify({ version, seq: 9, rows }));
  return openPage('index.html', storage);
}
