// SPDX-License-Identifier: Apache-2.0
// Store: rows in this browser's localStorage, under one key, with a version and migrations.
// Stored form: {"version": 2, "seq": 17, "rows": {"part": [{"id": "part-1", "seq": 1, ...}]}, "removed": {}}
(function (App) {
  'use strict';

  const clone = (value) => JSON.parse(JSON.stringify(value));

  const steps = {
    rename_field(rows, step) {
      for (const row of rows) {
        if (!(step.field in row)) continue;
        row[step.to] = row[step.field];
        delete row[step.field];
      }
    },
    add_field(rows, step) {
      const field = { id: step.field, label: step.field, type: step.type, values: step.values, default: step.default };
      for (const row of rows) {
        if (!(step.field in row)) row[step.field] = App.values.defaultOf(field);
      }
    },
    // A removed field's values are kept aside under "removed", never silently dropped.
    remove_field(rows, step, data) {
      const aside = (data.removed[step.entity + '.' + step.field] ??= {});
      for (const row of rows) {
        if (step.field in row) aside[row.id] = row[step.field];
        delete row[step.field];
      }
    },
  };

  function empty(model) {
    return { version: model.data_version, seq: 0, rows: {}, removed: {} };
  }

  // Brings stored data up to the model's version, step by step.
  function migrate(data, model) {
    data.removed ??= {};
    data.rows ??= {};
    for (const step of model.migrations) {
      if (step.version <= data.version || !steps[step.op]) continue;
      steps[step.op](data.rows[step.entity] || [], step, data);
    }
    data.version = Math.max(data.version, model.data_version);
    return data;
  }

  function isData(data) {
    return data !== null && typeof data === 'object' && Number.isInteger(data.version) &&
      data.rows !== null && typeof data.rows === 'object' && Object.values(data.rows).every(Array.isArray);
  }

  function createStore(storage, model) {
    const key = model.app.storage_key;
    const listeners = new Set();
    let problem = null;

    function read() {
      let text = null;
      try {
        text = storage.getItem(key);
        if (text === null) return empty(model);
        const data = JSON.parse(text);
        if (!isData(data)) throw new SyntaxError('not our data');
        return migrate(data, model);
      } catch (error) {
        if (text === null) {
          problem = 'This browser does not allow storage, so nothing can be saved.';
        } else {
          keepDamaged(text);
        }
        return empty(model);
      }
    }

    function keepDamaged(text) {
      problem = 'The saved data could not be read. A copy was kept and a new start was made.';
      try {
        storage.setItem(key + ':damaged', text);
        storage.removeItem(key);
      } catch { /* Nothing more can be done; the problem is already told. */ }
    }

    function write(data) {
      try {
        storage.setItem(key, JSON.stringify(data));
      } catch {
        return { ok: false, errors: { '': 'Not saved: the storage of this browser is full or blocked.' } };
      }
      listeners.forEach((listener) => listener());
      return { ok: true };
    }

    const rowsIn = (data, entityId) => (Object.hasOwn(data.rows, entityId) ? data.rows[entityId] : []);
    const all = (entityId) => clone(rowsIn(read(), entityId));

    function derived(entity, row) {
      for (const field of entity.fields) {
        if (field.derived && row[field.id] === undefined) row[field.id] = App.values.defaultOf(field);
      }
      return row;
    }

    function save(entity, inputs, ownId) {
      const data = read();
      const rowsOf = (id) => rowsIn(data, id);
      const { values, errors } = App.values.check(entity, inputs, rowsOf, ownId);
      if (Object.keys(errors).length) return { ok: false, errors };
      const rows = (data.rows[entity.id] = rowsIn(data, entity.id));
      let row = rows.find((candidate) => candidate.id === ownId);
      if (ownId && !row) return { ok: false, errors: { '': 'It was deleted in the meantime.' } };
      if (!row) {
        data.seq += 1;
        row = { id: `${entity.id}-${data.seq}`, seq: data.seq };
        rows.push(row);
      }
      Object.assign(row, values);
      derived(entity, row);
      return { ...write(data), row: clone(row) };
    }

    function change(entity, rowId, work) {
      const data = read();
      const rows = rowsIn(data, entity.id);
      const at = rows.findIndex((row) => row.id === rowId);
      if (at < 0) return { ok: false, errors: { '': 'It was deleted in the meantime.' } };
      work(rows, at, data);
      return write(data);
    }

    function unlink(data, entityId, rowId) {
      for (const entity of model.entities) {
        for (const field of entity.fields.filter((candidate) => App.values.target(candidate) === entityId)) {
          for (const row of rowsIn(data, entity.id)) {
            if (row[field.id] === rowId) row[field.id] = null;
            else if (Array.isArray(row[field.id])) row[field.id] = row[field.id].filter((id) => id !== rowId);
          }
        }
      }
    }

    function nameOf(entityId, rowId) {
      const entity = App.query.entityOf(entityId);
      const row = rowsIn(read(), entityId).find((candidate) => candidate.id === rowId);
      return row ? String(row[entity.fields[0].id] ?? rowId) : '';
    }

    function importJson(text) {
      let data;
      try {
        data = JSON.parse(text);
      } catch {
        return { ok: false, errors: { '': 'The file is not JSON.' } };
      }
      if (!isData(data)) return { ok: false, errors: { '': 'The file was not exported from this app.' } };
      return write(migrate(data, model));
    }

    return {
      all,
      nameOf,
      importJson,
      problem: () => problem,
      find: (entityId, rowId) => all(entityId).find((row) => row.id === rowId),
      add: (entity, inputs) => save(entity, inputs, null),
      update: (entity, rowId, inputs) => save(entity, inputs, rowId),
      remove: (entity, rowId) => change(entity, rowId, (rows, at, data) => {
        rows.splice(at, 1);
        unlink(data, entity.id, rowId);
      }),
      archive: (entity, rowId, archived) => change(entity, rowId, (rows, at) => { rows[at].archived = archived; }),
      exportJson: () => JSON.stringify(read(), null, 2) + '\n',
      onChange: (listener) => listeners.add(listener),
      changedElsewhere: () => listeners.forEach((listener) => listener()),
    };
  }

  App.createStore = createStore;
  App.migrate = migrate;
})((globalThis.App = globalThis.App || {}));
