// SPDX-License-Identifier: Apache-2.0
// Boards: dashboard figures as cards, and grouped figures as a table with bars.
(function (App) {
  'use strict';

  const { h, fill } = App.dom;
  const { fieldOf, entityOf, measure, formatMeasure } = App.query;

  function groupName(board, key, store) {
    if (board.group_by.startsWith('month(')) return h('time', { datetime: key }, App.values.formatDate(key));
    return App.values.format(fieldOf(entityOf(board.entity), board.group_by), key, store.nameOf);
  }

  function groupCard(board, groups, store) {
    const largest = Math.max(...groups.map((group) => Math.abs(group.value)), 1);
    const rows = groups.map((group) => h('tr', { 'data-group': group.key },
      h('th', { scope: 'row' }, groupName(board, group.key, store)),
      h('td', { class: 'bar' }, h('meter', { min: 0, max: largest, value: Math.abs(group.value), 'aria-hidden': 'true' })),
      h('td', { class: 'number' }, formatMeasure(board, group.value))));
    return h('section', { class: 'card board wide', 'data-board': board.id },
      h('h2', {}, board.label),
      groups.length
        ? h('table', { class: 'plain' }, h('caption', { class: 'hidden-text' }, board.label), h('tbody', {}, rows))
        : h('p', { class: 'hint' }, 'Nothing to add up yet.'));
  }

  function card(board, store) {
    const measured = measure(board, store.all(board.entity));
    if (measured.groups) return groupCard(board, measured.groups, store);
    return h('section', { class: 'card board', 'data-board': board.id },
      h('h2', {}, board.label),
      h('p', { class: 'figure' }, formatMeasure(board, measured.value)));
  }

  function mount(node, ids, store) {
    const boards = ids.map((id) => App.model.dashboards.find((board) => board.id === id)).filter(Boolean);
    const refresh = () => fill(node, h('div', { class: 'boards' }, boards.map((board) => card(board, store))));
    store.onChange(refresh);
    refresh();
  }

  App.boards = { mount };
})((globalThis.App = globalThis.App || {}));
