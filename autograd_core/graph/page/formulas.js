// What a step says: the formula, the numbers put in, the result. All text reaches the page as text, never as markup.

const walk = JSON.parse(document.getElementById('data').textContent);
const MOST_TERMS = 3; // of a sum or a list that is written out
const MOST_PICTURES = 6;
const SUMMARY = /: .* … .*‖/;
const MOST_FACTORS = 8; // of a chain-rule product
const { nodes, output } = walk;
const root = nodes.length - 1;

// For each variable the rows that are computed from it and differentiated by it, each with its local derivative.
const uses = nodes.map(() => []);
nodes.forEach((node, row) => node.locals.forEach((local) => uses[local.of].push({ row, local })));

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
  made.append(...children);
  return made;
}

function span(kind, ...children) {
  return element('span', { class: kind }, ...children);
}

// ξ12 with its number as an index.
function math(text) {
  const parts = text.split(/(ξ\d+)/).filter(Boolean);
  const typeset = parts.flatMap((part) => (/^ξ\d/.test(part) ? span('', 'ξ', element('sub', {}, part.slice(1)))
    : breakable(part)));
  return span('math', ...typeset);
}

// A long name may go on in the next line after a dot or an underscore.
function breakable(text) {
  return text.split(/(?<=[_.](?=[a-z_]))/).flatMap((part, k) => (k ? [element('wbr', {}), part] : [part]));
}

// A fraction that is read, and copied, as d…/d….
function fraction(sign, above, below) {
  return span('frac', span('above', sign, math(above)), span('unseen', '/'), span('below', sign, math(below)));
}

const total = (i) => fraction('d', output, nodes[i].name);
const partial = (row, parent) => fraction('∂', nodes[row].name, nodes[parent].name);
const bracketed = (text) => (/^−|\s/.test(text) && !text.startsWith('[') ? `(${text})` : text);

// items[0] + items[1] + …, of many only the first few.
function sum(items) {
  const few = items.length > MOST_TERMS + 1 ? items.slice(0, MOST_TERMS) : items;
  const joined = few.flatMap((item, k) => (k ? [' + ', item] : [item]));
  return span('', ...joined, few.length < items.length ? ` + … (${items.length} terms)` : '');
}

function times(a, b) {
  return span('', a, ' · ', b);
}

// Lines "left = right", the equals signs below each other; the last right side is the result.
function equation(left, rights) {
  const lines = rights.filter(Boolean);
  const cells = lines.flatMap((right, k) => {
    const result = k === lines.length - 1 ? 'result' : '';
    return [element('p', {}, k ? '=' : span('', left, ' =')), element('p', { class: result }, right)];
  });
  return element('div', { class: 'equation' }, ...cells);
}

function phase(text) {
  return element('p', { class: 'phase' }, text);
}

// The steps --------------------------------------------------------------------------------------------------------

function sayStart(mode, wrt) {
  const known = nodes.filter((node) => !node.op);
  const few = known.slice(0, 6).map((node) => element('li', {}, math(`${node.name} = ${node.value}`)));
  const more = known.length > 6 ? [element('li', { class: 'from' }, `… and ${known.length - 6} more`)] : [];
  const way = mode === 'reverse'
    ? `forward through the values, then back through d${output}/dξ`
    : `each row with its value and its derivative dξ/d${nodes[wrt].name}`;
  const pictures = known.slice(0, MOST_PICTURES).map((node) => [node.picture, node.name]);
  return [phase('Start'), element('ul', {}, ...few, ...more), ...legend(few.map((item) => item.textContent)),
    ...strip(pictures), small(`→ ${way}`)];
}

function small(text) {
  return element('p', { class: 'small' }, text);
}

// What the short form of a large array means, where one was just shown.
function legend(texts) {
  return texts.some((text) => SUMMARY.test(text)) ? [small('shape: least … mean … greatest ‖√ of the sum of squares‖')] : [];
}

function sayValue(i, title = `Value${within(nodes[i])}`) {
  const node = nodes[i];
  const lines = [math(node.short), node.closed && math(node.closed), put(node), math(node.value)];
  const pictures = [...node.inputs, i].map((k) => [nodes[k].picture, nodes[k].name]);
  return [phase(title), equation(math(node.name), lines), ...sentence(node.sentence), ...legend([node.value]),
    ...strip(pictures), ...given(node), ...inFull(node.short !== node.formula && `${node.name} = ${node.formula}`),
    ...sayError(node.error)];
}

// `, in m.0 (Conv2d)`.
function within({ module, class: kind }) {
  return module ? `, in ${module}${kind && kind !== module ? ` (${kind})` : ''}` : '';
}

function sentence(text) {
  return text ? [element('p', { class: 'sentence' }, text)] : [];
}

// A long formula, on demand.
function inFull(text) {
  if (!text) return [];
  return [element('details', {}, element('summary', {}, 'in full'), element('p', { class: 'local' }, math(text)))];
}

function sayError(text) {
  return text ? [element('p', { class: 'small error' }, `rounding error: ${text}`)] : [];
}

function put(node) {
  return node.put && node.put !== node.value && node.put !== node.formula ? math(node.put) : null;
}

// Of a row whose numbers are too many to be put in: what they are, in short.
function given(node) {
  if (node.put || node.picture) return [];
  const inputs = node.inputs.slice(0, MOST_TERMS).map((k) => `${nodes[k].name} = ${nodes[k].value}`);
  return inputs.map((text) => element('p', { class: 'small' }, math(text)));
}

function sayGradient(i) {
  return [...sayDerivative(i), ...sayError(nodes[i].gradientError)];
}

function sayDerivative(i) {
  const node = nodes[i];
  if (i === root) return saySeed(node);
  const through = uses[i].filter(({ local }) => local.share !== null);
  if (!through.length) return [phase('Gradient'), equation(total(i), [span('', node.gradient)]),
    element('p', { class: 'small' }, 'No derivative arrives here.')];
  return through.every((use) => isNumber(node, use)) ? sayNumbers(i, through) : sayArrays(i, through);
}

function saySeed(node) {
  const why = walk.summed ? `${output} is an array: the derivatives are those of the sum of its elements.`
    : 'The way back begins: a derivative of a variable by itself.';
  return [phase('Gradient'), equation(total(root), [math(node.gradient)]), element('p', { class: 'small' }, why)];
}

const isNumber = (node, { row, local }) => node.scalar && nodes[row].scalar && local.value !== null;

function sayNumbers(i, through) {
  const node = nodes[i];
  const products = through.map(({ row }) => times(total(row), partial(row, i)));
  const numbers = through.map(({ row, local }, k) =>
    times(math(k ? bracketed(nodes[row].gradient) : nodes[row].gradient), math(bracketed(local.value))));
  const shares = through.map(({ local }, k) => math(k ? bracketed(local.share) : local.share));
  const lines = [sum(products), sum(numbers), through.length > 1 ? sum(shares) : null, math(node.gradient)];
  const locals = through.slice(0, MOST_TERMS).map(({ row, local }) => sayLocal(row, local));
  return [phase(through.length > 1 ? `Gradient: ${node.name} is used ${through.length} times, the derivatives add up`
    : 'Gradient'), equation(total(i), lines), ...locals, ...chain(i)];
}

// ∂ξ4/∂ξ3 = −1/ξ3² = −1/1.0001² = −0.9998
function sayLocal(row, local) {
  const shown = [local.text, local.put, local.value].filter(Boolean);
  const steps = shown.filter((text, k) => k === 0 || text !== shown[k - 1]);
  const written = steps.flatMap((text) => [local.map && text === local.text ? ': ' : ' = ', math(text)]);
  return element('p', { class: 'local' }, partial(row, local.of), ...written);
}

// The whole product from the output down to here, where there is one way only.
function chain(i) {
  const factors = [];
  for (let k = i; k !== root; k = uses[k][0].row) {
    if (uses[k].length !== 1 || !isNumber(nodes[k], uses[k][0])) return [];
    factors.unshift({ row: uses[k][0].row, of: k, value: uses[k][0].local.value });
  }
  if (factors.length < 3 || factors.length > MOST_FACTORS) return [];
  const joined = (items) => items.flatMap((item, k) => (k ? [' · ', item] : [item]));
  const formula = joined(factors.map(({ row, of }) => partial(row, of)));
  const numbers = joined(factors.map(({ value }, k) => math(k ? bracketed(value) : value)));
  return [element('p', { class: 'local chain' }, total(i), ' = ', ...formula, ' = ', ...numbers)];
}

// Cotangents that are arrays: for each use what its adjoint makes of g = dL/d(row).
function sayArrays(i, through) {
  const node = nodes[i];
  const shown = through.slice(0, MOST_TERMS);
  const pictures = [...shown.map(({ row }) => [nodes[row].gradientPicture, `d${output}/d${nodes[row].name}`]),
    [node.gradientPicture, `d${output}/d${node.name}`]];
  const seen = [...legend([node.gradient]), ...strip(pictures)];
  if (through.length === 1) {
    const [{ row, local }] = through;
    const how = local.sentence && local.map ? span('sentence', local.sentence) : math(adjoint(local));
    return [phase(`Gradient${within(nodes[row])}`), equation(total(i), [how, math(node.gradient)]),
      element('p', { class: 'local' }, 'g = ', total(row), ' = ', math(nodes[row].gradient)), ...seen,
      ...(local.sentence ? inFull(`${equals(row, local)}`) : []), ...sayElementwise(row, local)];
  }
  const lines = shown.map(({ row, local }) => element('li', {}, span('from', 'from '), math(nodes[row].name), ': ',
    local.sentence && local.map ? span('sentence', local.sentence) : math(adjoint(local)), span('from', ' gives '), math(local.share)));
  const more = shown.length < through.length ? [element('li', { class: 'from' }, `… ${through.length} uses in all`)] : [];
  const products = through.map(({ row }) => times(total(row), partial(row, i)));
  return [phase(`Gradient: ${node.name} is used ${through.length} times, the derivatives add up`),
    equation(total(i), [sum(products), math(node.gradient)]), element('ul', {}, ...lines, ...more), ...seen];
}

function equals(i, local) {
  return `∂${nodes[i].name}/∂${nodes[local.of].name}${local.map ? ':' : ' ='} ${local.text}`;
}

function sayElementwise(row, local) {
  return local.map ? [] : [sayLocal(row, local)];
}

// What a local derivative makes of the cotangent g.
function adjoint(local) {
  const narrowed = local.narrowed ? ', summed over what was broadcast' : '';
  if (local.map) return local.text.replace(/^g ↦ /, '');
  if (local.text === '1') return `g${narrowed}`;
  if (local.text === '−1') return `−g${narrowed}`;
  return `g · ${bracketed(local.text)}${narrowed}`;
}

function sayTangent(i, { wrt, tangents }) {
  const node = nodes[i];
  const name = nodes[wrt].name;
  const along = (k) => fraction('d', nodes[k].name, name);
  const value = element('p', {}, ...[node.name, node.short, node.put, node.value].filter(Boolean)
    .flatMap((text, k) => (k ? [' = ', math(text)] : [math(text)])));
  const terms = node.locals.filter(({ of }) => tangents[of] !== null);
  const numbers = terms.every((local) => node.scalar && nodes[local.of].scalar && local.value !== null);
  const products = terms.map(({ of }) => times(partial(i, of), along(of)));
  const put = terms.map(({ of, value }, k) =>
    times(math(k ? bracketed(value) : value), math(bracketed(tangents[of]))));
  const lines = terms.length ? [sum(products), numbers ? sum(put) : null, math(tangents[i])] : [math(tangents[i])];
  const direction = nodes[wrt].scalar ? '' : `, along ones in every element of ${name}`;
  const why = terms.length ? terms.slice(0, MOST_TERMS).map((local) => sayLocal(i, local))
    : [element('p', { class: 'small' }, `Does not depend on ${name}.`)];
  return [phase(`Value and derivative${direction}`), value, equation(along(i), lines), ...why];
}
