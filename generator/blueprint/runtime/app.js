// SPDX-License-Identifier: Apache-2.0
// App: finds the places a page keeps for data and fills them.
(function (App) {
  'use strict';

  const { h, toast } = App.dom;

  function fillPlace(place, store) {
    const entity = App.query.entityOf(place.getAttribute('data-entity'));
    switch (place.getAttribute('data-view')) {
      case 'list': return App.list.mount(place, entity, store);
      case 'form': return App.forms.inlineForm(place, entity, store);
      case 'boards': return App.boards.mount(place, place.getAttribute('data-boards').split(' '), store);
      default: return undefined;
    }
  }

  // Light or dark, remembered; the button exists only when the requirement asked for it.
  function themeToggle(storage) {
    const key = App.model.app.storage_key + ':theme';
    const root = document.documentElement;
    const read = () => {
      try {
        return storage.getItem(key);
      } catch {
        return null;
      }
    };
    const isDark = () => {
      const now = root.getAttribute('data-theme') || App.model.app.mode;
      return now === 'auto' ? matchMedia('(prefers-color-scheme: dark)').matches : now === 'dark';
    };
    const saved = read();
    if (saved) root.setAttribute('data-theme', saved);
    const button = h('button', { type: 'button', class: 'quiet small', 'data-action': 'theme' });
    const show = () => {
      button.textContent = isDark() ? 'Light mode' : 'Dark mode';
    };
    button.addEventListener('click', () => {
      root.setAttribute('data-theme', isDark() ? 'light' : 'dark');
      try {
        storage.setItem(key, root.getAttribute('data-theme'));
      } catch { /* The choice then lasts until the page closes. */ }
      show();
    });
    show();
    document.querySelector('[data-theme-toggle]').appendChild(button);
  }

  function start(storage) {
    const store = App.createStore(storage, App.model);
    App.store = store;
    if (App.model.app.toggle) themeToggle(storage);
    for (const place of document.querySelectorAll('[data-view]')) fillPlace(place, store);
    if (store.problem()) toast(store.problem(), 'bad');
    if (App.custom && typeof App.custom.ready === 'function') App.custom.ready(App);
    return store;
  }

  App.start = start;

  function browserStorage() {
    try {
      return globalThis.localStorage;
    } catch {
      return { getItem() { throw new Error('no storage'); }, setItem() { throw new Error('no storage'); }, removeItem() {} };
    }
  }

  if (globalThis.addEventListener) {
    globalThis.addEventListener('DOMContentLoaded', () => start(browserStorage()));
    globalThis.addEventListener('storage', (event) => {
      if (App.store && event.key === App.model.app.storage_key) App.store.changedElsewhere();
    });
  }
})((globalThis.App = globalThis.App || {}));
