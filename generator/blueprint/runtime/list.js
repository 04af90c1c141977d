// SPDX-License-Identifier: Apache-2.0
// List: an entity's rows with search, filters, sorting, row actions, export and import.
(function (App) {
  'use strict';

  const { h, fill, toast, confirmThen, download, freshId } = App.dom;
  const { kind, target, format, formatDate } = App.values;
  const { fieldOf, select, highlights, rulesFor } = App.query;

  const PAGE_ROWS = 50;
  const plural = (entity, count) => `${count} ${(count === 1 ? entity.label : entity.plural).toLowerCase()}`;

  function cellContent(field, value, store) {
    const text = format(field, value, store.nameOf);
    if (text === '') return h('span', { class: 'none' }, '—');
    if (kind(field) === 'url') return h('a', { href: value, rel: 'noopener noreferrer', target: '_blank' }, text.replace(/^https?:\/\//, ''));
    if (kind(field) === 'email') return h('a', { href: 'mailto:' + value }, text);
    if (kind(field) === 'phone') return h('a', { href: 'tel:' + value.replace(/[^\d+]/g, '') }, text);
    if (kind(field) === 'enum') return h('span', { class: 'badge' }, text);
    if (kind(field) === 'date') return h('time', { datetime: value }, text);
    if (kind(field) === 'colour') return h('code', {}, text);
    return text;
  }

  const isNumber = (field) => ['integer', 'decimal', 'money', 'percent', 'rating'].includes(kind(field));

  function labelled(text, input) {
    const id = freshId('tool');
    input.setAttribute('id', id);
    return h('div', { class: 'tool' }, h('label', { for: id }, text), input);
  }

  function searchBox(entity, view, refresh) {
    const input = h('input', { type: 'search', 'data-search': entity.id, autocomplete: 'off' });
    input.addEventListener('input', () => {
      view.search = input.value;
      refresh();
    });
    const names = entity.search.map((id) => fieldOf(entity, id).label.toLowerCase()).join(', ');
    return labelled('Search ' + names, input);
  }

  function filterChoices(entity, id, store) {
    const field = fieldOf(entity, id);
    if (!field) return [{ value: 'yes', label: 'Yes' }];
    if (kind(field) === 'boolean') return [{ value: 'true', label: 'Yes' }, { value: 'false', label: 'No' }];
    if (kind(field) === 'ref' || kind(field) === 'refs') {
      return store.all(target(field)).map((row) => ({ value: row.id, label: store.nameOf(target(field), row.id) }));
    }
    if (kind(field) === 'enum') return field.values.map((value) => ({ value, label: value }));
    const month = kind(field) === 'date';
    const seen = store.all(entity.id).map((row) => (month ? String(row[id] ?? '').slice(0, 7) : row[id])).flat();
    return [...new Set(seen.filter(Boolean))].sort().map((value) => ({ value: String(value), label: month ? formatDate(value) : String(value) }));
  }

  function filterBox(entity, id, view, store, refresh) {
    const field = fieldOf(entity, id);
    const rule = App.model.rules.find((candidate) => candidate.id === id);
    if (!field && rule) {
      const box = h('input', { type: 'checkbox', 'data-filter': id });
      box.addEventListener('change', () => {
        view.filters[id] = box.checked ? 'yes' : '';
        refresh();
      });
      return h('label', { class: 'check tool' }, box, rule.label);
    }
    const input = h('select', { 'data-filter': id }, h('option', { value: '' }, 'All'),
      filterChoices(entity, id, store).map((choice) => h('option', { value: choice.value }, choice.label)));
    input.addEventListener('change', () => {
      view.filters[id] = input.value;
      refresh();
    });
    return labelled(field.label, input);
  }

  function sortBox(entity, view, refresh) {
    const orders = entity.sort.flatMap((id) => [[`${id} asc`, `${fieldOf(entity, id).label}, ascending`], [`${id} desc`, `${fieldOf(entity, id).label}, descending`]]);
    const input = h('select', { 'data-sort': entity.id }, h('option', { value: '' }, 'Default'),
      orders.map(([value, label]) => h('option', { value }, label)));
    input.addEventListener('change', () => {
      view.sort = input.value;
      refresh();
    });
    return labelled('Sort by', input);
  }

  function archiveBox(view, refresh) {
    const box = h('input', { type: 'checkbox', 'data-archived': true });
    box.addEventListener('change', () => {
      view.archived = box.checked;
      refresh();
    });
    return h('label', { class: 'check tool' }, box, 'Show archived');
  }

  function removeRow(entity, row, store) {
    const name = String(row[entity.fields[0].id] ?? entity.label);
    const work = () => {
      const result = store.remove(entity, row.id);
      toast(result.ok ? `${entity.label} deleted.` : result.errors[''], result.ok ? 'good' : 'bad');
    };
    if (rulesFor(entity.id, 'confirm_delete').length) confirmThen(`Delete ${entity.label.toLowerCase()} “${name}”?`, 'Delete', work);
    else work();
  }

  function rowActions(entity, row, store) {
    const name = String(row[entity.fields[0].id] ?? entity.label);
    const button = (action, text, work) =>
      h('button', { type: 'button', class: 'quiet small', 'data-action': action, 'aria-label': `${text} ${name}`, onclick: work }, text);
    return [
      entity.ops.includes('update') && button('edit', 'Edit', () => App.forms.editDialog(entity, store, row)),
      entity.ops.includes('archive') && button('archive', row.archived ? 'Restore' : 'Archive', () => store.archive(entity, row.id, !row.archived)),
      entity.ops.includes('delete') && button('delete', 'Delete', () => removeRow(entity, row, store)),
    ];
  }

  function tableRow(entity, row, store) {
    const marks = highlights(entity, row);
    const classes = marks.map((rule) => 'mark-' + rule.style).join(' ');
    const cells = entity.fields.filter((field) => !field.derived).map((field, at) =>
      h('td', { 'data-label': field.label, class: isNumber(field) ? 'number' : null },
        h('span', { class: 'value' }, cellContent(field, row[field.id], store),
          at === 0 ? marks.map((rule) => [' ', h('span', { class: 'flag ' + rule.style }, rule.label)]) : null)));
    return h('tr', { class: classes || null, 'data-row': row.id, 'data-marks': marks.map((rule) => rule.id).join(' ') || null },
      cells, h('td', { class: 'row-actions' }, rowActions(entity, row, store)));
  }

  function columnHead(entity, field, view, refresh) {
    const props = { scope: 'col', class: isNumber(field) ? 'number' : null };
    if (!entity.sort.includes(field.id)) return h('th', props, field.label);
    const [id, direction] = (view.sort || entity.default_sort).split(' ');
    const current = id === field.id ? direction : null;
    const flip = () => {
      view.sort = `${field.id} ${current === 'asc' ? 'desc' : 'asc'}`;
      refresh();
    };
    props['aria-sort'] = current ? (current === 'asc' ? 'ascending' : 'descending') : null;
    return h('th', props, h('button', { type: 'button', class: 'sorter', onclick: flip }, field.label,
      h('span', { 'aria-hidden': 'true' }, current ? (current === 'asc' ? '↑' : '↓') : '↕')));
  }

  function emptyState(entity, store, view) {
    const none = store.all(entity.id).length === 0;
    return h('div', { class: 'empty' },
      h('p', { class: 'empty-title' }, none ? `No ${entity.plural.toLowerCase()} yet` : 'Nothing matches'),
      h('p', {}, none ? `What you add is kept in this browser.` : 'Try another word or clear a filter.'),
      none && entity.ops.includes('create')
        ? h('button', { type: 'button', class: 'primary', onclick: () => App.forms.editDialog(entity, store, null) }, `Add ${entity.label.toLowerCase()}`)
        : null);
  }

  function table(entity, rows, view, store, refresh) {
    const shown = rows.slice(0, view.limit);
    const more = rows.length - shown.length;
    return [
      h('div', { class: 'table-frame' }, h('table', {},
        h('caption', { class: 'hidden-text' }, entity.plural),
        h('thead', {}, h('tr', {}, entity.fields.filter((field) => !field.derived).map((field) => columnHead(entity, field, view, refresh)),
          h('th', { scope: 'col' }, h('span', { class: 'hidden-text' }, 'Actions')))),
        h('tbody', {}, shown.map((row) => tableRow(entity, row, store))))),
      more > 0 ? h('button', { type: 'button', class: 'quiet', onclick: () => { view.limit += PAGE_ROWS; refresh(); } }, `Show ${Math.min(more, PAGE_ROWS)} more`) : null,
    ];
  }

  function importFile(entity, store, file) {
    return file.text().then((text) => {
      if (file.name.toLowerCase().endsWith('.json')) {
        const result = store.importJson(text);
        toast(result.ok ? 'Imported.' : result.errors[''], result.ok ? 'good' : 'bad');
        return;
      }
      const { added, problems } = App.list.importCsv(entity, store, text);
      toast(`${plural(entity, added)} imported.` + (problems.length ? ` Left out: ${problems.slice(0, 3).join(' ')}` : ''), problems.length ? 'bad' : 'good');
    });
  }

  // Adds every line of a CSV text that passes the form's own checks.
  function importCsv(entity, store, text) {
    let added = 0;
    const problems = [];
    App.csv.toInputs(entity, text).forEach((inputs, at) => {
      for (const field of entity.fields) {
        if (inputs[field.id] === undefined && field.default !== undefined) inputs[field.id] = field.default;
      }
      const result = store.add(entity, inputs);
      if (result.ok) added += 1;
      else problems.push(`line ${at + 2}: ${Object.values(result.errors).join(' ')}`);
    });
    return { added, problems };
  }

  function dataTools(entity, store) {
    const formats = entity.export;
    const tools = formats.map((name) => h('button', {
      type: 'button', class: 'quiet', 'data-export': name,
      onclick: () => (name === 'csv'
        ? download(`${entity.plural.toLowerCase()}.csv`, 'text/csv', App.csv.write(entity, store.all(entity.id), store.nameOf))
        : download(`${App.model.app.slug}.json`, 'application/json', store.exportJson())),
    }, `Export ${name.toUpperCase()}`));
    if (entity.import.length) {
      const accept = entity.import.map((name) => '.' + name).join(',');
      const input = h('input', { type: 'file', accept, class: 'hidden-text', 'data-import': entity.import.join(' '), 'aria-label': 'Import ' + entity.plural });
      input.addEventListener('change', () => { if (input.files[0]) importFile(entity, store, input.files[0]); });
      tools.push(h('label', { class: 'button quiet' }, 'Import ' + entity.import.join(' or ').toUpperCase(), input));
    }
    return tools;
  }

  function mount(node, entity, store) {
    const view = { search: '', filters: {}, sort: '', archived: false, limit: PAGE_ROWS };
    const body = h('div', { class: 'list-body' });
    const count = h('p', { class: 'count', role: 'status' });
    const refresh = () => {
      const rows = select(entity, store.all(entity.id), view, store.nameOf);
      fill(count, plural(entity, rows.length));
      fill(body, rows.length ? table(entity, rows, view, store, refresh) : emptyState(entity, store, view));
    };
    fill(node,
      h('div', { class: 'toolbar' },
        entity.search.length ? searchBox(entity, view, refresh) : null,
        entity.filters.map((id) => filterBox(entity, id, view, store, refresh)),
        entity.sort.length ? sortBox(entity, view, refresh) : null,
        entity.ops.includes('archive') ? archiveBox(view, refresh) : null,
        h('div', { class: 'toolbar-end' }, dataTools(entity, store),
          entity.ops.includes('create')
            ? h('button', { type: 'button', class: 'primary', 'data-action': 'add', onclick: () => App.forms.editDialog(entity, store, null) }, `Add ${entity.label.toLowerCase()}`)
            : null)),
      count, body);
    store.onChange(refresh);
    refresh();
  }

  App.list = { mount, importCsv };
})((globalThis.App = globalThis.App || {}));
