// SPDX-License-Identifier: Apache-2.0
// Fake DOM: just enough of a document for this app's own code, so that tests need no browser.

class Node {
  constructor(tag) {
    this.tag = tag;
    this.children = [];
    this.attributes = new Map();
    this.listeners = new Map();
    this.parent = null;
    this.hidden = false;
    this.checked = false;
    this.ownValue = '';
  }

  get firstChild() { return this.children[0] ?? null; }

  appendChild(child) {
    child.remove();
    child.parent = this;
    this.children.push(child);
    return child;
  }

  removeChild(child) {
    this.children.splice(this.children.indexOf(child), 1);
    child.parent = null;
    return child;
  }

  remove() { if (this.parent) this.parent.removeChild(this); }

  setAttribute(name, value) { this.attributes.set(name, String(value)); }
  getAttribute(name) { return this.attributes.get(name) ?? null; }

  get textContent() { return this.text ?? this.children.map((child) => child.textContent).join(''); }
  set textContent(text) {
    this.children = [];
    this.appendChild(textNode(String(text)));
  }

  get value() {
    if (this.tag !== 'select') return this.ownValue;
    const chosen = this.all((node) => node.tag === 'option' && node.selected)[0];
    return this.ownValue || (chosen ? chosen.ownValue : '');
  }
  set value(value) {
    const offered = this.tag !== 'select' || this.all((node) => node.tag === 'option' && node.ownValue === String(value)).length > 0;
    this.ownValue = offered ? String(value) : '';
  }

  addEventListener(name, listener) {
    this.listeners.set(name, [...(this.listeners.get(name) || []), listener]);
  }
  dispatch(name, event = {}) {
    for (const listener of this.listeners.get(name) || []) listener({ preventDefault() {}, target: this, ...event });
  }
  click() { this.dispatch('click'); }
  focus() { this.focused = true; }
  showModal() { this.open = true; }
  close() {
    this.open = false;
    this.dispatch('close');
  }
  reset() { for (const node of this.all((each) => each.tag === 'input')) node.value = ''; }

  all(wanted) {
    return this.children.flatMap((child) => [...(wanted(child) ? [child] : []), ...child.all(wanted)]);
  }
  querySelectorAll(selector) {
    const match = /^([a-z]*)(?:\[([\w-]+)(?:="([^"]*)")?\])?$/.exec(selector);
    if (!match) throw new Error('the fake DOM does not know the selector ' + selector);
    const [, tag, name, value] = match;
    return this.all((node) => node.tag && (!tag || node.tag === tag) &&
      (!name || (value === undefined ? node.attributes.has(name) : node.getAttribute(name) === value)));
  }
  querySelector(selector) { return this.querySelectorAll(selector)[0] ?? null; }
}

function textNode(text) {
  const node = new Node('');
  node.text = text;
  return node;
}

export function fakeDocument() {
  const body = new Node('body');
  return {
    body,
    documentElement: new Node('html'),
    createElement: (tag) => new Node(tag),
    createTextNode: textNode,
    getElementById: (id) => body.all((node) => node.getAttribute('id') === id)[0] ?? null,
    querySelector: (selector) => body.querySelector(selector),
    querySelectorAll: (selector) => body.querySelectorAll(selector),
  };
}
