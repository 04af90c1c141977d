// SPDX-License-Identifier: Apache-2.0
// DOM: the only way this app makes elements. Text always goes in as text, never as markup.
(function (App) {
  'use strict';

  const LIVE = new Set(['value', 'checked', 'selected', 'disabled', 'hidden']);

  function append(node, children) {
    for (const child of children.flat(Infinity)) {
      if (child === null || child === undefined || child === false) continue;
      node.appendChild(typeof child === 'object' ? child : document.createTextNode(String(child)));
    }
    return node;
  }

  // h('button', {class: 'quiet', onclick: save}, 'Save')
  function h(tag, props, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(props || {})) {
      if (value === null || value === undefined || value === false) continue;
      if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
      else if (LIVE.has(name)) node[name] = value;
      else node.setAttribute(name, value === true ? '' : String(value));
    }
    return append(node, children);
  }

  function fill(node, ...children) {
    while (node.firstChild) node.removeChild(node.firstChild);
    return append(node, children);
  }

  function toast(message, kind) {
    const region = document.getElementById('toasts');
    const note = h('div', { class: 'toast ' + (kind || 'good'), role: kind === 'bad' ? 'alert' : 'status' }, message);
    region.appendChild(note);
    setTimeout(() => note.remove(), 6000);
  }

  function openDialog(dialog) {
    document.body.appendChild(dialog);
    dialog.addEventListener('close', () => dialog.remove());
    dialog.showModal();
  }

  let lastId = 0;
  const freshId = (stem) => `${stem}-${++lastId}`;

  // Asks before something is lost; done() runs only after a yes.
  function confirmThen(question, action, done) {
    const title = freshId('confirm');
    const dialog = h('dialog', { class: 'confirm', role: 'alertdialog', 'aria-labelledby': title },
      h('h2', { id: title }, question),
      h('p', {}, 'This cannot be undone.'),
      h('div', { class: 'actions' },
        h('button', { type: 'button', class: 'quiet', onclick: () => dialog.close() }, 'Cancel'),
        h('button', { type: 'button', class: 'danger', 'data-action': 'confirm', onclick: () => { dialog.close(); done(); } }, action)));
    openDialog(dialog);
  }

  function download(name, type, text) {
    const url = URL.createObjectURL(new Blob([text], { type }));
    const link = h('a', { href: url, download: name });
    document.body.appendChild(link);
    link.click();
    link.remove();
    URL.revokeObjectURL(url);
  }

  App.dom = { h, fill, toast, openDialog, confirmThen, download, freshId };
})((globalThis.App = globalThis.App || {}));
