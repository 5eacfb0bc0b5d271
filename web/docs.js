// Renders /openapi.json: operations by tag, with parameters, bodies and answers. No other file is asked for.
const make = (name, text, attributes = {}) => {
  const node = Object.assign(document.createElement(name), attributes);
  if (text !== undefined) node.textContent = text;
  return node;
};

const withCode = (node, text) => {
  text.split(/`([^`]+)`/).forEach((part, index) => node.append(index % 2 ? make('code', part) : part));
  return node;
};

// Of Markdown what descriptions have: paragraphs, lists, tables and code.
const prose = (text) => (text || '').trim().split(/\n\s*\n/).filter(Boolean).map((block) => {
  if (block.startsWith('- ')) {
    const list = make('ul');
    for (const item of block.slice(2).split(/\n- /)) list.append(withCode(make('li'), item));
    return list;
  }
  if (!block.startsWith('|')) return withCode(make('p'), block);
  const table = make('table');
  for (const line of block.split('\n').filter((l) => !/^[|\s:-]+$/.test(l))) {
    const row = table.insertRow();
    for (const cell of line.replace(/^\||\|$/g, '').split('|')) withCode(row.insertCell(), cell.trim());
  }
  return table;
});

const resolve = (api, node) =>
  node && node.$ref ? node.$ref.slice(2).split('/').reduce((at, key) => at[key], api) : node;

const typeName = (api, schema) => {
  if (!schema) return '';
  if (schema.$ref) return schema.$ref.split('/').pop();
  if (schema.anyOf || schema.oneOf) return (schema.anyOf || schema.oneOf).map((s) => typeName(api, s)).join(' or ');
  if (schema.type === 'array') return `list of ${typeName(api, schema.items)}`;
  if (schema.enum) return schema.enum.join(' | ');
  const type = Array.isArray(schema.type) ? schema.type.join(' or ') : schema.type || 'any';
  return schema.format ? `${type} (${schema.format})` : type;
};

function fieldsOf(api, schema) {
  const table = make('table');
  const whole = resolve(api, schema) || {};
  for (const [name, field] of Object.entries(whole.properties || {})) {
    const row = table.insertRow();
    row.insertCell().append(make('code', name));
    row.insertCell().textContent = typeName(api, field) + ((whole.required || []).includes(name) ? '' : ', optional');
    row.insertCell().textContent = resolve(api, field).description || '';
  }
  const each = whole.properties?.items?.items;
  const ofItems = each ? [make('h3', `Each of items: ${typeName(api, each)}`), ...fieldsOf(api, each)] : [];
  return [...prose(whole.description), table, ...ofItems];
}

function operation(api, path, method, op, shared) {
  const box = make('details', undefined, { id: op.operationId });
  const summary = make('summary');
  summary.append(make('span', method, { className: 'method' }), make('code', path), ` ${op.summary || ''}`);
  const inside = make('div');
  inside.append(...prose(op.description));
  const parameters = [...(shared || []), ...(op.parameters || [])].map((p) => resolve(api, p));
  if (parameters.length) {
    inside.append(make('h3', 'Parameters'));
    const table = make('table');
    for (const p of parameters) {
      const row = table.insertRow();
      row.insertCell().append(make('code', p.name));
      row.insertCell().textContent = `${p.in}, ${typeName(api, p.schema)}`;
      row.insertCell().textContent = p.description || '';
    }
    inside.append(table);
  }
  for (const [type, body] of Object.entries((resolve(api, op.requestBody) || {}).content || {})) {
    inside.append(make('h3', `Body: ${type}, ${typeName(api, body.schema)}`), ...fieldsOf(api, body.schema));
  }
  inside.append(make('h3', 'Answers'));
  for (const [status, given] of Object.entries(op.responses)) {
    const answer = resolve(api, given);
    const content = Object.values(answer.content || {})[0];
    inside.append(make('p', `${status} ${answer.description}${content ? `: ${typeName(api, content.schema)}` : ''}`));
    if (content && status.startsWith('2')) inside.append(...fieldsOf(api, content.schema));
  }
  box.append(summary, inside);
  return box;
}

async function render() {
  const api = await fetch('/openapi.json').then((r) => r.json());
  const main = document.getElementById('api');
  main.replaceChildren(make('h1', api.info.title), ...prose(api.info.description));
  for (const tag of api.tags) {
    main.append(make('h2', tag.name, { id: tag.name }), ...prose(tag.description));
    for (const [path, item] of Object.entries(api.paths)) {
      for (const [method, op] of Object.entries(item)) {
        if (op.tags && op.tags[0] === tag.name) main.append(operation(api, path, method, op, item.parameters));
      }
    }
  }
  if (location.hash) document.getElementById(location.hash.slice(1))?.setAttribute('open', '');
}

render().catch((error) => document.getElementById('api').append(make('p', `Could not be shown: ${error.message}`)));
