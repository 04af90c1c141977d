// SPDX-License-Identifier: Apache-2.0
// Forms: labelled inputs for an entity's fields, with errors beside the field they belong to.
(function (App) {
  'use strict';

  const { h, fill, toast, openDialog, freshId } = App.dom;
  const { kind, target, toInput, defaultOf } = App.values;

  const INPUT = { date: 'date', time: 'time', datetime: 'datetime-local', email: 'email', phone: 'tel', url: 'url', colour: 'color' };
  const NUMERIC = { integer: 'numeric', rating: 'numeric', money: 'decimal', decimal: 'decimal', percent: 'decimal' };

  function choices(field, store) {
    if (kind(field) === 'enum') return field.values.map((value) => ({ value, label: value }));
    return store.all(target(field)).map((row) => ({ value: row.id, label: store.nameOf(target(field), row.id) }));
  }

  function selectControl(field, value, store, shared) {
    return h('select', shared,
      h('option', { value: '' }, field.required ? 'Choose…' : '—'),
      choices(field, store).map((choice) =>
        h('option', { value: choice.value, selected: choice.value === value }, choice.label)));
  }

  function manyControl(field, value, store, shared) {
    const rows = choices(field, store);
    const chosen = new Set(value || []);
    return h('div', { id: shared.id, class: 'many', role: 'group', 'aria-describedby': shared['aria-describedby'] },
      rows.length ? null : h('p', { class: 'hint' }, 'Nothing to choose from yet.'),
      rows.map((choice) => h('label', { class: 'check' },
        h('input', { type: 'checkbox', name: field.id, value: choice.value, checked: chosen.has(choice.value) }), choice.label)));
  }

  function control(field, value, store, shared) {
    switch (kind(field)) {
      case 'enum':
      case 'ref': return selectControl(field, value, store, shared);
      case 'refs': return manyControl(field, value, store, shared);
      case 'longtext': return h('textarea', { ...shared, rows: 4, value: toInput(field, value) });
      case 'boolean': return h('input', { ...shared, type: 'checkbox', checked: Boolean(value) });
      default: return h('input', {
        ...shared,
        type: INPUT[kind(field)] || 'text',
        inputmode: NUMERIC[kind(field)],
        autocomplete: 'off',
        value: toInput(field, value),
      });
    }
  }

  function labelText(field) {
    const unit = kind(field) === 'money' && field.currency ? ` (${field.currency})` : field.unit ? ` (${field.unit})` : '';
    return [field.label + unit, field.required ? h('span', { class: 'must', 'aria-hidden': 'true' }, ' *') : null];
  }

  function fieldRow(field, value, store) {
    const id = freshId('f-' + field.id);
    const shared = { id, name: field.id, 'aria-describedby': id + '-error', 'aria-required': field.required ? 'true' : null };
    const error = h('p', { id: id + '-error', class: 'error', 'data-error': field.id, hidden: true });
    const hint = field.hint ? h('p', { class: 'hint' }, field.hint) : null;
    const input = control(field, value, store, shared);
    if (kind(field) === 'boolean') {
      return h('div', { class: 'field' }, h('label', { class: 'check', for: id }, input, labelText(field)), hint, error);
    }
    return h('div', { class: 'field' + (kind(field) === 'longtext' || kind(field) === 'refs' ? ' wide' : '') },
      h('label', { for: id }, labelText(field)), input, hint, error);
  }

  function readForm(form, entity) {
    const inputs = {};
    for (const field of entity.fields) {
      const found = [...form.querySelectorAll(`[name="${field.id}"]`)];
      if (!found.length) inputs[field.id] = kind(field) === 'refs' ? [] : null;
      else if (kind(field) === 'refs') inputs[field.id] = found.filter((box) => box.checked).map((box) => box.value);
      else inputs[field.id] = kind(field) === 'boolean' ? found[0].checked : found[0].value;
    }
    return inputs;
  }

  function showErrors(form, errors) {
    for (const note of form.querySelectorAll('[data-error]')) {
      const message = errors[note.getAttribute('data-error')];
      note.textContent = message || '';
      note.hidden = !message;
      const input = form.querySelector(`[name="${note.getAttribute('data-error')}"]`);
      if (input) input.setAttribute('aria-invalid', message ? 'true' : 'false');
    }
    const summary = form.querySelector('[data-summary]');
    const count = Object.keys(errors).length;
    fill(summary, count ? errors[''] || (count === 1 ? 'One thing needs your attention.' : `${count} things need your attention.`) : '');
    summary.hidden = !count;
    const first = Object.keys(errors).find((id) => id);
    const input = first && form.querySelector(`[name="${first}"]`);
    if (input) input.focus();
  }

  // A form for one row of an entity. options: {row, save(inputs) -> result, done(result), actions}
  function buildForm(entity, store, options) {
    const editable = entity.fields.filter((field) => !field.derived);
    const form = h('form', { novalidate: true, class: 'form', 'data-entity': entity.id },
      h('p', { class: 'summary', role: 'alert', 'data-summary': true, hidden: true }),
      h('div', { class: 'fields' }, editable.map((field) =>
        fieldRow(field, options.row ? options.row[field.id] : defaultOf(field), store))),
      options.actions);
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const result = options.save(readForm(form, entity));
      showErrors(form, result.ok ? {} : result.errors);
      if (result.ok) options.done(form);
    });
    return form;
  }

  function editDialog(entity, store, row) {
    const title = freshId('dialog');
    const form = buildForm(entity, store, {
      row,
      save: (inputs) => (row ? store.update(entity, row.id, inputs) : store.add(entity, inputs)),
      done: () => {
        dialog.close();
        toast(`${entity.label} saved.`);
      },
      actions: h('div', { class: 'actions' },
        h('button', { type: 'button', class: 'quiet', onclick: () => dialog.close() }, 'Cancel'),
        h('button', { type: 'submit', class: 'primary' }, 'Save')),
    });
    const dialog = h('dialog', { 'aria-labelledby': title },
      h('h2', { id: title }, `${row ? 'Edit' : 'Add'} ${entity.label.toLowerCase()}`), form);
    openDialog(dialog);
  }

  // A form that stays on the page, such as a contact form.
  function inlineForm(mount, entity, store) {
    const address = mount.getAttribute('data-mailto');
    const after = h('p', { class: 'notice', role: 'status', hidden: true });
    const form = buildForm(entity, store, {
      save: (inputs) => store.add(entity, inputs),
      done: (sent) => {
        const inputs = readForm(sent, entity);
        const body = entity.fields.map((field) => `${field.label}: ${inputs[field.id] ?? ''}`).join('\n');
        fill(after, 'Kept in this browser. It has not been delivered. ', address
          ? h('a', { href: `mailto:${address}?body=${encodeURIComponent(body)}` }, `Write it as an email to ${address}`)
          : null);
        after.hidden = false;
        sent.reset();
      },
      actions: h('div', { class: 'actions' }, h('button', { type: 'submit', class: 'primary' }, mount.getAttribute('data-submit') || 'Save')),
    });
    fill(mount, h('div', { class: 'card' }, form, after));
  }

  App.forms = { buildForm, editDialog, inlineForm };
})((globalThis.App = globalThis.App || {}));
