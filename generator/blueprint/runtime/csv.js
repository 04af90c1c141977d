// SPDX-License-Identifier: Apache-2.0
// CSV: RFC 4180 out and in. A cell that a spreadsheet would run as a formula gets a leading '.
(function (App) {
  'use strict';

  const FORMULA = /^[=+\-@\t\r]/;
  const PLAIN_NUMBER = /^[+-]?\d+([.,]\d+)?$/;

  function cell(text) {
    const safe = FORMULA.test(text) && !PLAIN_NUMBER.test(text) ? "'" + text : text;
    return /[",\r\n]/.test(safe) ? '"' + safe.replace(/"/g, '""') + '"' : safe;
  }

  function write(entity, rows, nameOf) {
    const fields = entity.fields;
    const lines = [fields.map((field) => cell(field.label))];
    for (const row of rows) {
      lines.push(fields.map((field) => {
        const plain = ['ref', 'refs', 'boolean'].includes(App.values.kind(field));
        return cell(String(plain ? App.values.format(field, row[field.id], nameOf) : App.values.toInput(field, row[field.id])));
      }));
    }
    return lines.map((line) => line.join(',') + '\r\n').join('');
  }

  // Text to an array of rows of cells. A quote inside a quoted cell is doubled.
  function read(text) {
    const rows = [[]];
    let value = '';
    let quoted = false;
    const endCell = () => {
      rows[rows.length - 1].push(value);
      value = '';
    };
    const source = text.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n');
    for (let at = 0; at < source.length; at++) {
      const char = source[at];
      if (quoted && char === '"' && source[at + 1] === '"') { value += '"'; at++; }
      else if (char === '"' && (quoted || value === '')) quoted = !quoted;
      else if (!quoted && char === ',') endCell();
      else if (!quoted && char === '\n') { endCell(); rows.push([]); }
      else value += char;
    }
    if (value !== '' || rows[rows.length - 1].length) endCell();
    return rows.filter((row) => row.some((text) => text !== ''));
  }

  const folded = (text) => text.trim().toLowerCase().replace(/[^a-z0-9]+/g, '_');

  // Text to form inputs, one object per line; unknown columns are left out.
  function toInputs(entity, text) {
    const [head = [], ...lines] = read(text);
    const columns = head.map((name) =>
      entity.fields.find((field) => folded(field.label) === folded(name) || field.id === folded(name)));
    return lines.map((line) => {
      const inputs = {};
      columns.forEach((field, at) => {
        if (field) inputs[field.id] = (line[at] ?? '').replace(/^'(?=[=+\-@])/, '');
      });
      return inputs;
    });
  }

  App.csv = { write, read, toInputs };
})((globalThis.App = globalThis.App || {}));
