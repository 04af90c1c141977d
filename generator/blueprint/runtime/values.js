// SPDX-License-Identifier: Apache-2.0
// Values: what a person typed becomes what is stored, and back. Pure: no DOM, no storage.
(function (App) {
  'use strict';

  const SYMBOLS = { GBP: '£', EUR: '€', USD: '$', JPY: '¥', INR: '₹', CHF: 'CHF ', SEK: 'SEK ' };
  const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
  const TEXT_MAX = 500;
  const LONG_TEXT_MAX = 20000;

  const kind = (field) => field.type.split(':')[0];
  const target = (field) => field.type.split(':')[1];
  const fail = (error) => ({ error });
  const done = (value) => ({ value });

  // Money is kept as a whole number of minor units (pence, cents), so sums are exact.
  function parseMoney(text) {
    const bare = /^([+-]?)\s*(?:[A-Z]{3}|[£€$¥₹])?\s*([+-]?[\d.,]+)\s*(?:[A-Z]{3}|[£€$¥₹])?$/i.exec(text.trim());
    if (!bare) return null;
    let digits = bare[1] + bare[2];
    if (/^[^.]*,\d{1,2}$/.test(digits)) digits = digits.replace(',', '.');
    const match = /^([+-]?)(\d{1,12})(?:\.(\d{1,2}))?$/.exec(digits.replace(/,/g, ''));
    if (!match) return null;
    const minor = Number(match[2]) * 100 + Number((match[3] || '').padEnd(2, '0'));
    return match[1] === '-' ? -minor : minor;
  }

  function formatMoney(minor, currency) {
    const size = Math.abs(Math.round(minor));
    const whole = String(Math.floor(size / 100)).replace(/\B(?=(\d{3})+$)/g, ',');
    const symbol = currency ? SYMBOLS[currency] || currency + ' ' : '';
    return (minor < 0 ? '-' : '') + symbol + whole + '.' + String(size % 100).padStart(2, '0');
  }

  function formatNumber(number) {
    return String(Math.round(number * 10000) / 10000);
  }

  function isDate(text) {
    const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
    if (!match) return false;
    const day = new Date(Date.UTC(+match[1], +match[2] - 1, +match[3]));
    return day.getUTCMonth() === +match[2] - 1 && day.getUTCDate() === +match[3];
  }

  function parseUrl(text) {
    const full = /^[a-z][a-z0-9+.-]*:/i.test(text) ? text : 'https://' + text;
    return /^https?:\/\/[^\s/?#.]+\.[^\s]+$/i.test(full) || /^https?:\/\/localhost/i.test(full) ? full : null;
  }

  const parsers = {
    text: (text) => (text.length > TEXT_MAX ? fail(`is longer than ${TEXT_MAX} characters`) : done(text)),
    longtext: (text) => (text.length > LONG_TEXT_MAX ? fail(`is longer than ${LONG_TEXT_MAX} characters`) : done(text)),
    integer: (text) => (/^[+-]?\d{1,15}$/.test(text) ? done(Number(text)) : fail('must be a whole number')),
    decimal: (text) =>
      /^[+-]?\d{1,15}([.,]\d{1,6})?$/.test(text) ? done(Number(text.replace(',', '.'))) : fail('must be a number'),
    money(text) {
      const minor = parseMoney(text);
      return minor === null ? fail('must be an amount such as 12.50') : done(minor);
    },
    date: (text) => (isDate(text) ? done(text) : fail('must be a date')),
    time: (text) => (/^([01]\d|2[0-3]):[0-5]\d$/.test(text) ? done(text) : fail('must be a time such as 09:30')),
    datetime: (text) =>
      isDate(text.slice(0, 10)) && /^T([01]\d|2[0-3]):[0-5]\d$/.test(text.slice(10, 16))
        ? done(text.slice(0, 16))
        : fail('must be a date and a time'),
    enum(text, field) {
      const found = field.values.find((value) => value.toLowerCase() === text.toLowerCase());
      return found === undefined ? fail('must be one of: ' + field.values.join(', ')) : done(found);
    },
    email: (text) =>
      /^[^\s@]+@[^\s@.]+(\.[^\s@.]+)+$/.test(text) ? done(text) : fail('must be an email address such as name@example.com'),
    phone: (text) => (/^[+(\d][\d\s().\-/]{3,24}$/.test(text) ? done(text) : fail('must be a phone number')),
    url(text) {
      const url = parseUrl(text);
      return url === null ? fail('must be a web address such as https://example.com') : done(url);
    },
    colour: (text) => (/^#[0-9a-f]{6}$/i.test(text) ? done(text.toLowerCase()) : fail('must be a colour such as #336699')),
    tags: (text) => done([...new Set(text.split(',').map((tag) => tag.trim()).filter(Boolean))]),
  };
  parsers.percent = parsers.decimal;
  parsers.rating = parsers.integer;

  function parseRefs(field, raw, rowsOf) {
    const known = new Set(rowsOf(target(field)).map((row) => row.id));
    const ids = (Array.isArray(raw) ? raw : [raw]).filter((id) => id !== '' && id !== null);
    if (ids.some((id) => !known.has(id))) return fail('names something that no longer exists');
    if (kind(field) === 'refs') return done(ids);
    return done(ids.length ? ids[0] : null);
  }

  function limits(field, value) {
    const shown = (limit) => (kind(field) === 'money' ? formatMoney(limit * 100, field.currency) : limit);
    const scale = kind(field) === 'money' ? 100 : 1;
    if (field.min !== undefined && value < field.min * scale) return `must be at least ${shown(field.min)}`;
    if (field.max !== undefined && value > field.max * scale) return `must be at most ${shown(field.max)}`;
    return null;
  }

  // One raw input becomes {value} or {error}. An empty answer is the value null.
  function parse(field, raw, rowsOf) {
    if (kind(field) === 'boolean') return done(raw === true || /^(true|yes|1|on)$/i.test(String(raw)));
    if (kind(field) === 'ref' || kind(field) === 'refs') return parseRefs(field, raw ?? [], rowsOf);
    const text = String(Array.isArray(raw) ? raw.join(',') : raw ?? '').trim();
    if (text === '') return done(null);
    const parsed = parsers[kind(field)](text, field);
    const outside = parsed.error || parsed.value === null ? null : limits(field, parsed.value);
    return outside ? fail(outside) : parsed;
  }

  const isEmpty = (value) => value === null || value === undefined || (Array.isArray(value) && !value.length);
  const sameText = (left, right) => String(left).toLowerCase() === String(right).toLowerCase();

  function checkField(field, raw, context) {
    const parsed = parse(field, raw, context.rowsOf);
    if (parsed.error) return fail(`${field.label} ${parsed.error}.`);
    if (field.required && isEmpty(parsed.value)) return fail(`${field.label} is required.`);
    const twin = (row) => row.id !== context.ownId && sameText(row[field.id], parsed.value);
    if (field.unique && !isEmpty(parsed.value) && context.rows.some(twin)) {
      return fail(`${field.label} "${parsed.value}" is already used.`);
    }
    return parsed;
  }

  // All inputs of one form: {values, errors}; errors is empty when everything is fine.
  function check(entity, inputs, rowsOf, ownId) {
    const context = { rowsOf, ownId, rows: rowsOf(entity.id) };
    const values = {};
    const errors = {};
    for (const field of entity.fields) {
      if (field.derived) continue;
      const result = checkField(field, inputs[field.id], context);
      if (result.error) errors[field.id] = result.error;
      else values[field.id] = result.value;
    }
    for (const rule of App.query.rulesFor(entity.id, 'unique_together')) {
      const same = (row) => row.id !== ownId && rule.fields.every((id) => sameText(row[id], values[id]));
      if (context.rows.some(same)) errors[rule.fields[0]] = rule.message;
    }
    return { values, errors };
  }

  // The stored value as an <input> wants it.
  function toInput(field, value) {
    if (isEmpty(value)) return '';
    if (kind(field) === 'money') return formatMoney(value, '').replace(/,/g, '');
    return kind(field) === 'tags' ? value.join(', ') : value;
  }

  function formatDate(text) {
    const [year, month, day] = text.split('-');
    return (day ? Number(day) + ' ' : '') + MONTHS[Number(month) - 1] + ' ' + year;
  }

  // The stored value as a person reads it; nameOf(entityId, rowId) names a linked row.
  function format(field, value, nameOf) {
    if (isEmpty(value)) return '';
    switch (kind(field)) {
      case 'money': return formatMoney(value, field.currency);
      case 'boolean': return value ? 'Yes' : 'No';
      case 'date': return formatDate(value);
      case 'datetime': return formatDate(value.slice(0, 10)) + ', ' + value.slice(11);
      case 'percent': return formatNumber(value) + '%';
      case 'decimal': return formatNumber(value);
      case 'rating': return value + ' of ' + (field.max || 5);
      case 'tags': return value.join(', ');
      case 'ref': return nameOf(target(field), value);
      case 'refs': return value.map((id) => nameOf(target(field), id)).join(', ');
      default: return String(value);
    }
  }

  // What an empty form shows and what older rows receive: the default, as a stored value.
  function defaultOf(field) {
    if (field.default === undefined) return kind(field) === 'boolean' ? false : null;
    if (field.default === 'today') return today();
    return parse(field, field.default, () => []).value ?? null;
  }

  function today() {
    const now = new Date();
    const two = (number) => String(number).padStart(2, '0');
    return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
  }

  App.values = { kind, target, parse, check, format, toInput, defaultOf, formatMoney, formatNumber, formatDate, parseMoney, isEmpty };
})((globalThis.App = globalThis.App || {}));
