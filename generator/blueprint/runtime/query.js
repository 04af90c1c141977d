// SPDX-License-Identifier: Apache-2.0
// Query: search, filter, sort, totals and rules over rows. Pure: no DOM, no storage.
(function (App) {
  'use strict';

  const OPERATORS = {
    '=': (left, right) => left === right,
    '!=': (left, right) => left !== right,
    '<': (left, right) => left < right,
    '<=': (left, right) => left <= right,
    '>': (left, right) => left > right,
    '>=': (left, right) => left >= right,
  };

  const fieldOf = (entity, id) => entity.fields.find((field) => field.id === id);
  const entityOf = (id) => App.model.entities.find((entity) => entity.id === id);

  function rulesFor(entityId, kind) {
    return App.model.rules.filter((rule) => rule.entity === entityId && (!kind || rule.kind === kind));
  }

  function literal(field, text) {
    if (App.values.kind(field) === 'boolean') return text === 'true';
    if (App.values.kind(field) === 'money') return App.values.parseMoney(text);
    return typeof App.values.parse(field, text, () => []).value === 'number' ? Number(text) : text;
  }

  // A condition is "field operator value"; value is another field's id or a literal.
  function holds(entity, row, condition) {
    return condition.split(' and ').every((part) => {
      const [id, operator, ...rest] = part.split(' ');
      const field = fieldOf(entity, id);
      const other = fieldOf(entity, rest.join(' '));
      const left = row[id] ?? null;
      const right = other ? row[other.id] ?? null : literal(field, rest.join(' '));
      if (operator.includes('<') || operator.includes('>')) {
        if (left === null || right === null) return false;
      }
      return OPERATORS[operator](left, right);
    });
  }

  function highlights(entity, row) {
    return rulesFor(entity.id, 'highlight').filter((rule) => holds(entity, row, rule.when));
  }

  function matchesSearch(entity, row, text, nameOf) {
    const wanted = text.trim().toLowerCase();
    if (!wanted) return true;
    return entity.search.some((id) =>
      App.values.format(fieldOf(entity, id), row[id], nameOf).toLowerCase().includes(wanted));
  }

  function matchesFilter(entity, row, id, wanted) {
    if (wanted === '' || wanted === undefined || wanted === null) return true;
    const field = fieldOf(entity, id);
    if (!field) {
      const rule = App.model.rules.find((candidate) => candidate.id === id);
      return !rule || holds(entity, row, rule.when);
    }
    const value = row[id];
    if (App.values.kind(field) === 'boolean') return String(Boolean(value)) === String(wanted);
    if (App.values.kind(field) === 'date') return String(value ?? '').startsWith(wanted);
    return Array.isArray(value) ? value.includes(wanted) : value === wanted;
  }

  function compare(left, right) {
    if (left === right) return 0;
    if (App.values.isEmpty(left)) return 1;
    if (App.values.isEmpty(right)) return -1;
    if (typeof left === 'number' && typeof right === 'number') return left - right;
    return String(left).localeCompare(String(right), 'en', { numeric: true, sensitivity: 'base' });
  }

  function sorted(rows, order) {
    const [id, direction] = (order || 'created asc').split(' ');
    const sign = direction === 'desc' ? -1 : 1;
    const key = (row) => (id === 'created' ? row.seq : row[id]);
    const empty = (row) => App.values.isEmpty(key(row));
    return rows.slice().sort((a, b) => {
      if (empty(a) !== empty(b)) return empty(a) ? 1 : -1;
      return sign * compare(key(a), key(b)) || sign * (a.seq - b.seq);
    });
  }

  // view: {search, filters: {id: value}, sort: "field asc|desc", archived}
  function select(entity, rows, view, nameOf) {
    const chosen = rows.filter((row) =>
      (view.archived || !entity.ops.includes('archive') || !row.archived) &&
      matchesSearch(entity, row, view.search || '', nameOf) &&
      Object.entries(view.filters || {}).every(([id, wanted]) => matchesFilter(entity, row, id, wanted)));
    return sorted(chosen, view.sort || entity.default_sort);
  }

  function amountOf(board, row) {
    return board.expr.split('*').reduce((product, id) => product * (row[id] ?? 0), 1);
  }

  function groupKey(board, row) {
    const month = /^month\((\w+)\)$/.exec(board.group_by);
    const value = month ? String(row[month[1]] ?? '').slice(0, 7) : row[board.group_by];
    return App.values.isEmpty(value) || value === '' ? null : value;
  }

  function reduce(board, rows) {
    if (board.metric === 'count') return rows.length;
    const total = rows.reduce((sum, row) => sum + amountOf(board, row), 0);
    return board.metric === 'average' ? (rows.length ? total / rows.length : 0) : total;
  }

  // One dashboard figure: {value} or {groups: [{key, value}]}, newest month or largest group first.
  function measure(board, rows) {
    const entity = entityOf(board.entity);
    const chosen = rows.filter((row) => !board.where || holds(entity, row, board.where));
    if (!board.group_by) return { value: reduce(board, chosen) };
    const groups = new Map();
    for (const row of chosen) {
      const key = groupKey(board, row);
      if (key !== null) groups.set(key, [...(groups.get(key) || []), row]);
    }
    const result = [...groups].map(([key, members]) => ({ key, value: reduce(board, members) }));
    const byMonth = board.group_by.startsWith('month(');
    result.sort((a, b) => (byMonth ? compare(b.key, a.key) : b.value - a.value || compare(a.key, b.key)));
    return { groups: result };
  }

  function formatMeasure(board, value) {
    if (board.metric === 'count') return String(value);
    const entity = entityOf(board.entity);
    const money = board.expr.split('*').map((id) => fieldOf(entity, id)).find((f) => App.values.kind(f) === 'money');
    return money ? App.values.formatMoney(value, money.currency) : App.values.formatNumber(value);
  }

  App.query = { entityOf, fieldOf, rulesFor, holds, highlights, select, measure, formatMeasure };
})((globalThis.App = globalThis.App || {}));
