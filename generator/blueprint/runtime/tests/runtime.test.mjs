// SPDX-License-Identifier: Apache-2.0
// Goal: what every app promises: nothing typed is run, nothing saved is lost silently.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import test from 'node:test';
import { MemoryStorage, accepts, openPage, read, sample } from './load.mjs';

const HOSTILE = '<script>alert(1)</script> " \' & __proto__ \u202e';
const pages = readdirSync(new URL('../', import.meta.url)).filter((name) => name.endsWith('.html'));
const first = () => openPage().App.model.entities[0];
const textField = (entity) => entity.fields.find((field) => ['text', 'longtext'].includes(field.type) && !field.derived);

test('guarantee:local no page loads anything from elsewhere and no script runs inline', () => {
  for (const page of pages) {
    const html = read(page);
    assert.match(html, /Content-Security-Policy" content="default-src 'self'/);
    assert.doesNotMatch(html, /<script(?![^>]*\bsrc=)/);
    assert.doesNotMatch(html, /<[^>]+\s(?:on\w+|style)=/);
    assert.doesNotMatch(html, /(?:src|href)="(?:https?:)?\/\//);
  }
});

test('guarantee:small_screen pages scale to a phone and rows become cards', () => {
  for (const page of pages) assert.match(read(page), /name="viewport" content="width=device-width/);
  assert.match(read('assets/data.css'), /@media \(max-width: 44rem\)/);
});

test('guarantee:print pages print without buttons and tools', () => {
  assert.match(read('assets/data.css'), /@media print \{[^}]*\.toolbar,[^}]*\.row-actions,[^}]*display: none/);
});

test('guarantee:labels every control of a form has a label and a place for its error', () => {
  const { App, store, document } = openPage();
  for (const entity of App.model.entities) {
    App.forms.editDialog(entity, store, null);
    const form = document.querySelectorAll('form').at(-1);
    for (const control of ['input', 'select', 'textarea'].flatMap((tag) => form.querySelectorAll(tag))) {
      if (control.parent.tag === 'label') continue;
      assert.equal(form.querySelectorAll(`label[for="${control.getAttribute('id')}"]`).length, 1);
    }
  }
});

test('every file a page names exists', () => {
  for (const page of pages) {
    for (const [, path] of read(page).matchAll(/(?:src|href)="([^"#:]+)"/g)) assert.ok(read(path).length >= 0, path);
  }
});

test('hostile text is kept as text', (context) => {
  const field = openPage().App.model.entities.length ? textField(first()) : null;
  if (!field) return context.skip('no text field');
  assert.equal(accepts(first().id, { [field.id]: HOSTILE })[field.id], HOSTILE);
});

test('full storage is told and nothing is half saved', (context) => {
  if (!openPage().App.model.entities.length) return context.skip('no data');
  const page = openPage('index.html', new MemoryStorage(10));
  const entity = page.App.model.entities.find((each) => each.fields.every((field) => !field.required || !field.type.startsWith('ref:')));
  if (!entity) return context.skip('only linked data');
  const result = page.store.add(entity, sample(page.App, page.store, entity.id));
  assert.equal(result.ok, false);
  assert.match(result.errors[''], /Not saved/);
  assert.equal(page.store.all(entity.id).length, 0);
});

test('damaged storage is set aside, not overwritten', () => {
  const storage = new MemoryStorage();
  const key = openPage().App.model.app.storage_key;
  storage.setItem(key, '{"version":1,"rows":');
  const page = openPage('index.html', storage);
  for (const entity of page.App.model.entities) assert.deepEqual(page.store.all(entity.id), []);
  if (page.App.model.entities.length) {
    page.store.all(page.App.model.entities[0].id);
    assert.equal(storage.getItem(key + ':damaged'), '{"version":1,"rows":');
    assert.match(page.store.problem(), /could not be read/);
  }
});

test('money is counted in whole minor units', () => {
  const { values } = openPage().App;
  assert.equal(values.parseMoney('0.10') + values.parseMoney('0.20'), 30);
  assert.equal(values.formatMoney(30, ''), '0.30');
  assert.equal(values.parseMoney('£1,234.5'), 123450);
  assert.equal(values.parseMoney('12,50'), 1250);
  assert.equal(values.formatMoney(-123456789, 'GBP'), '-£1,234,567.89');
  for (const wrong of ['', 'abc', '1.234', '1.2.3', '--1', '1e9']) assert.equal(values.parseMoney(wrong), null, wrong);
});

test('CSV quotes what RFC 4180 asks for and disarms formulas', () => {
  const { csv, values } = openPage().App;
  const entity = { fields: [{ id: 'a', label: 'A', type: 'text' }, { id: 'b', label: 'B', type: 'text' }] };
  const text = csv.write(entity, [{ a: 'x,"y"\nz', b: '=1+1' }, { a: '-5', b: '@sum' }], () => '');
  assert.equal(text, 'A,B\r\n"x,""y""\nz",\'=1+1\r\n-5,\'@sum\r\n');
  assert.deepEqual(csv.read(text)[1], ['x,"y"\nz', "'=1+1"]);
  assert.deepEqual(csv.toInputs(entity, text)[0], { a: 'x,"y"\nz', b: '=1+1' });
  assert.ok(values);
});

test('an export read back gives the same bytes', () => {
  const page = openPage();
  const entity = page.App.model.entities[0];
  if (entity) page.add(entity.id, {});
  const text = page.store.exportJson();
  const other = openPage('index.html', new MemoryStorage());
  assert.equal(other.store.importJson(text).ok, true);
  assert.equal(other.store.exportJson(), text);
  assert.equal(other.store.importJson('{"rows":1}').ok, false);
  assert.equal(other.store.importJson('nonsense').ok, false);
  assert.equal(other.store.exportJson(), text);
});
