// The page: where the walk stands, and what follows from it in table, picture, text and address.

const at = (id) => document.getElementById(id);
const LONG = 44; // characters of a derivative
const state = { mode: 'reverse', wrt: 0, step: 0, found: [], playing: 0, byModule: false };
const section = at('picture');
const picture = makePicture(section);
const sources = nodes.map((_, i) => i).filter((i) => !nodes[i].op);
const rows = nodes.map((_, i) => i).filter((i) => nodes[i].op);
const bodies = nodes.map(makeBody);

// Steps ---------------------------------------------------------------------------------------------------------------

const REVERSE = [
  { phase: 'start' },
  ...rows.map((node) => ({ phase: 'value', node })),
  ...[...rows].reverse().map((node) => ({ phase: 'gradient', node })),
  ...sources.filter((i) => nodes[i].gradient !== null).map((node) => ({ phase: 'gradient', node })),
];
const FORWARD = [{ phase: 'start' }, ...rows.map((node) => ({ phase: 'tangent', node }))];

// Where stepping by module halts: behind the last row of each call of a module.
const stops = (all) => all.map((_, k) => k).filter((k) => k === 0 || k === all.length - 1 || !inside(all[k], all[k + 1]));
const inside = (a, b) => a.phase === b.phase && a.node !== undefined && nodes[a.node].module !== ''
  && nodes[a.node].module === nodes[b.node].module;
const STOPS = new Map([REVERSE, FORWARD].map((all) => [all, stops(all)]));

const steps = () => (state.mode === 'reverse' ? REVERSE : FORWARD);
const tangents = () => walk.forward[state.wrt];

// What is known of each variable when the walk has come to ``step``.
function known(step) {
  const valued = new Set(sources);
  const graded = new Set();
  steps().slice(0, step + 1).forEach(({ phase, node }) => {
    if (phase === 'value' || phase === 'tangent') valued.add(node);
    if (phase === 'gradient' || phase === 'tangent') graded.add(node);
  });
  if (state.mode === 'forward') graded.add(tangents().wrt);
  return { valued, graded };
}

const derivativeOf = (i) => (state.mode === 'reverse' ? nodes[i].gradient : tangents().tangents[i]);

// The arrows along which numbers flow at this step.
function flows({ phase, node }) {
  if (phase === 'value' || phase === 'tangent') return nodes[node].inputs.map((k) => [k, node]);
  if (phase === 'gradient') return uses[node].map(({ row }) => [node, row]);
  return [];
}

function say({ phase, node }) {
  if (state.byModule && phase === 'value' && nodes[node].module) return sayModule(node);
  if (phase === 'value') return sayValue(node);
  if (phase === 'gradient') return sayGradient(node);
  if (phase === 'tangent') return sayTangent(node, tangents());
  return sayStart(state.mode, tangents()?.wrt);
}

const REARRANGES = new Set(['reshape', 'swapaxes', 'transpose', 'getitem', 'expand_dims', 'broadcast_to', 'astype']);

// A module as one step: what comes in, its rows in short, what goes out.
function sayModule(last) {
  const all = steps();
  let first = state.step;
  while (first > 0 && inside(all[first - 1], all[first])) first -= 1;
  const members = all.slice(first, state.step + 1).map(({ node }) => node);
  if (members.length === 1) return sayValue(last);
  const entering = [...new Set(members.flatMap((i) => nodes[i].inputs))].filter((k) => !members.includes(k));
  const shown = [...entering, ...members.filter((i) => nodes[i].op === 'softmax'), last];
  const names = members.map((i) => nodes[i].op);
  const told = names.filter((name) => !REARRANGES.has(name));
  const rest = names.length - told.length;
  const title = `${nodes[last].module} (${nodes[last].class}): ${members.length} rows in one step`;
  return [phase(title), equation(math(nodes[last].name), [math(nodes[last].value)]), ...legend([nodes[last].value]),
    small(told.join(' → ') + (rest ? `, and ${rest} that only rearrange numbers` : '')), ...strip(shown.map((k) => [nodes[k].picture, nodes[k].name]))];
}

function go(step, smooth = true) {
  state.step = Math.min(steps().length - 1, Math.max(0, step));
  const now = steps()[state.step];
  const { valued, graded } = known(state.step);
  document.body.classList.toggle('backward', now.phase === 'gradient');
  at('said').replaceChildren(...say(now));
  at('said').scrollTop = 0;
  nodes.forEach((node, i) => {
    bodies[i].classList.toggle('pending', !valued.has(i));
    bodies[i].classList.toggle('ungraded', !graded.has(i));
    picture?.reveal(i, valued.has(i), graded.has(i) ? derivativeOf(i) : null);
  });
  light(now);
  if (now.node !== undefined) {
    bring(bodies[now.node], smooth);
    picture?.follow(now.node, smooth);
  } else {
    at('rows').scrollTop = 0;
    picture?.follow(0, smooth);
  }
  showProgress(now);
}

function light(now) {
  const arrows = flows(now);
  document.querySelectorAll('tbody.current, tbody.lit').forEach((body) => {
    body.classList.remove('current', 'lit');
    body.removeAttribute('aria-current');
  });
  arrows.flat().forEach((k) => bodies[k].classList.add('lit'));
  if (now.node !== undefined) {
    bodies[now.node].classList.replace('lit', 'current') || bodies[now.node].classList.add('current');
    bodies[now.node].setAttribute('aria-current', 'step');
  }
  picture?.light(now.node, arrows);
}

// Scroll the row into sight, where it is not; a far one at once.
function bring(body, smooth) {
  const [frame, box] = [at('rows').getBoundingClientRect(), body.getBoundingClientRect()];
  const margin = Math.min(90, frame.height / 4);
  if (box.top >= frame.top + margin && box.bottom <= frame.bottom - margin / 2) return;
  const far = Math.abs(box.top - frame.top) > 2 * frame.height;
  body.scrollIntoView({ block: 'center', behavior: smooth && !far && !still.matches ? 'smooth' : 'instant' });
}

function showProgress({ phase, node }) {
  const last = steps().length - 1;
  const name = node === undefined ? '' : nodes[node].name;
  const of = { start: 'start', value: name, gradient: `d${output}/d${name}`,
    tangent: state.mode === 'forward' ? `d${name}/d${nodes[tangents().wrt].name}` : '' }[phase];
  Object.assign(at('step'), { max: last, value: state.step });
  at('step').setAttribute('aria-valuetext', `${of}, step ${state.step} of ${last}`);
  at('count').textContent = `${of}  ${state.step}/${last}`;
  at('first').disabled = at('back').disabled = state.step === 0;
  at('next').disabled = at('last').disabled = state.step === last;
  const forward = state.mode === 'forward' ? `&mode=forward&wrt=${encodeURIComponent(nodes[tangents().wrt].name)}` : '';
  try {
    history.replaceState(null, '', `#step=${state.step}${forward}${state.byModule ? '&by=module' : ''}`);
  } catch { /* a frame without an address of its own */ }
}

// The table -----------------------------------------------------------------------------------------------------------

function makeBody(node, i) {
  const lines = Math.max(1, node.locals.length);
  const body = element('tbody', { class: node.kind, role: 'rowgroup', 'data-node': i, tabindex: i ? -1 : 0 });
  for (let k = 0; k < lines; k += 1) {
    const local = node.locals[k];
    const line = element('tr', { role: 'row' });
    if (!k) line.append(cell('variable', written(node.op ? `${node.name} = ${node.short}` : node.name), lines));
    if (!k) line.append(cell('number value', number(node.value), lines));
    if (local?.value) line.append(cell('local', written(equals(i, local))), cell('number local-value', number(local.value)));
    else line.append(cell('local', local ? derivative(i, local) : '', 1, 2));
    if (!k) line.append(cell('number gradient', '', lines));
    body.append(line);
  }
  return body;
}

function cell(kind, content, lines = 1, columns = 1) {
  const made = element('td', { class: kind, role: 'cell', rowspan: lines, colspan: columns }, content);
  made.style.gridArea = `auto / auto / span ${lines} / span ${columns}`;
  return made;
}

// A map of g: in words where its formula is long.
function derivative(i, local) {
  const text = equals(i, local);
  if (!local.sentence || text.length <= LONG) return math(text);
  return span('', math(text.slice(0, text.indexOf(local.map ? ':' : '=') + 1)), ' ', span('sentence', local.sentence));
}

// A short formula stays on its line.
function written(text) {
  const made = math(text);
  if (text.length <= 24) made.style.whiteSpace = 'nowrap';
  return made;
}

// A number; of a large array the shape, and below it the least and the greatest element. Details tell more.
function number(text) {
  const [, shape, least, greatest] = text.match(/^([^:[]+): (.*?) … .*? … ([^ ]*)/) || [];
  if (shape) return span('math', span('shape', shape), span('range', `${least} … ${greatest}`));
  return text.length > 24 ? span('math wide', text) : math(text);
}

function fillDerivatives() {
  const { wrt } = tangents() || {};
  at('product').replaceChildren(math(state.mode === 'reverse' ? `d${output}/dξ` : `dξ/d${nodes[wrt].name}`));
  nodes.forEach((node, i) => {
    const place = bodies[i].querySelector('.gradient');
    const text = derivativeOf(i) ?? '';
    place.replaceChildren(number(text));
    place.classList.toggle('none', !text);
    place.dataset.label = state.mode === 'reverse' ? `d${output}/d${node.name}` : `d${node.name}/d${nodes[wrt].name}`;
  });
}

// Mode, theme, search -------------------------------------------------------------------------------------------------

function setMode(mode, wrt = state.wrt, step = 0) {
  state.mode = walk.forward.length ? mode : 'reverse';
  state.wrt = wrt;
  document.querySelector(`[name=mode][value=${state.mode}]`).checked = true;
  at('wrt').value = String(state.wrt);
  at('wrt').hidden = state.mode === 'reverse' || walk.forward.length < 2;
  fillDerivatives();
  go(step, false);
}

function toggleTheme() {
  const dark = document.documentElement.dataset.theme === 'dark';
  document.documentElement.dataset.theme = dark ? 'light' : 'dark';
  go(state.step, false); // pictures have the colours of the theme
}

function search(words) {
  const wanted = words.trim().toLowerCase();
  const hit = ({ name, op, module }) => [name, op, module].some((text) => text.toLowerCase().includes(wanted));
  state.found = wanted ? nodes.map((_, i) => i).filter((i) => hit(nodes[i])) : [];
  const hits = new Set(state.found);
  nodes.forEach((_, i) => {
    bodies[i].classList.toggle('found', hits.has(i));
  });
  picture?.mark(hits);
  at('found').textContent = wanted ? `${state.found.length}` : '';
  if (state.found.length) look(state.found[0]);
}

function look(i) {
  bring(bodies[i], true);
  picture?.follow(i);
}

function nextFound() {
  if (!state.found.length) return;
  const current = steps()[state.step].node ?? -1;
  visit(state.found.find((i) => i > current) ?? state.found[0]);
}

// To the step of this variable, in the half of the walk that is shown.
function visit(i) {
  const { phase } = steps()[state.step];
  const of = steps().flatMap((step, k) => (step.node === i ? [k] : []));
  const same = of.find((k) => steps()[k].phase === phase);
  if (of.length) go(same ?? of[0]);
  else look(i);
}

// Details -------------------------------------------------------------------------------------------------------------

function showDetails(i, anchor) {
  const node = nodes[i];
  const derivative = nodes[i].gradient === null ? [] : [[`d${output}/d${node.name}`, node.gradient]];
  const errors = node.error ? [['rounding error', `${node.error}; of the derivative ${node.gradientError || '–'}`]] : [];
  const facts = [['value', node.value], ['shape', node.shape], ['dtype', node.dtype], ...derivative, ...errors, ['operation', node.op],
    ['module', node.module], ['line', node.line], ['source', node.source]].filter(([, text]) => text);
  const list = facts.flatMap(([name, text]) => [element('dt', {}, math(name)),
    element('dd', {}, ['line', 'source'].includes(name) ? element('code', {}, text) : math(text))]);
  const card = at('details');
  card.replaceChildren(element('strong', {}, math(node.op ? `${node.name} = ${node.formula}` : `${node.name} (${node.kind})`)),
    element('dl', {}, ...list));
  card.hidden = false;
  place(card, anchor.getBoundingClientRect());
}

// Beside the thing it explains, inside the window.
function place(card, near) {
  const { width, height } = card.getBoundingClientRect();
  const right = near.right + 10 + width <= innerWidth;
  const left = right ? near.right + 10 : near.left - width - 10;
  const below = near.bottom + 8 + height <= innerHeight ? near.bottom + 8 : near.top - height - 8;
  const beside = right || left >= 8;
  const x = beside ? left : near.left + near.width / 2 - width / 2;
  const y = beside ? near.top : below;
  card.style.left = `${Math.max(8, Math.min(innerWidth - width - 8, x))}px`;
  card.style.top = `${Math.max(8, Math.min(innerHeight - height - 8, y))}px`;
}

function hideDetails() {
  at('details').hidden = true;
}

// Events --------------------------------------------------------------------------------------------------------------

function play(on = !state.playing) {
  clearInterval(state.playing);
  if (on && state.step === steps().length - 1) go(0);
  state.playing = on ? setInterval(() => {
    go(next(1));
    if (state.step === steps().length - 1) play(false);
  }, 1400) : 0;
  at('play').setAttribute('aria-pressed', String(Boolean(on)));
}

function step(by) {
  play(false);
  go(next(by));
}

// One row on or back; by module, to the next halt.
function next(by) {
  if (!state.byModule || !Number.isFinite(by)) return state.step + by;
  const halts = STOPS.get(steps());
  return by > 0 ? halts.find((k) => k > state.step) ?? state.step : halts.findLast((k) => k < state.step) ?? 0;
}

function setByModule(on) {
  state.byModule = on && walk.modules;
  at('by').setAttribute('aria-pressed', String(state.byModule));
  go(state.step, false);
}

function setRounding(on) {
  document.body.classList.toggle('rounding', on && walk.measured);
  at('digits').setAttribute('aria-pressed', String(on && walk.measured));
}

const KEYS = {
  ArrowRight: () => step(+1),
  ArrowLeft: () => step(-1),
  Home: () => step(-Infinity),
  End: () => step(+Infinity),
  ' ': () => play(),
  '/': () => at('search').select(),
  '+': () => picture?.zoom(1.3, null, null, true),
  '=': () => picture?.zoom(1.3, null, null, true),
  '-': () => picture?.zoom(1 / 1.3, null, null, true),
  0: () => picture?.all(true),
  '?': () => at('keys').showModal(),
  b: () => setByModule(!state.byModule),
  d: () => setRounding(!document.body.classList.contains('rounding')),
  m: () => setMode(state.mode === 'reverse' ? 'forward' : 'reverse'),
  t: toggleTheme,
  Escape: hideDetails,
};
const MOVES = { ArrowRight: [60, 0], ArrowLeft: [-60, 0], ArrowDown: [0, 60], ArrowUp: [0, -60] };

function onKey(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || at('keys').open) return;
  if (event.target.matches('#search, select')) return;
  if (event.shiftKey && MOVES[event.key] && picture) {
    const { x, y, scale } = picture.view();
    picture.look({ x: x + MOVES[event.key][0] / scale, y: y + MOVES[event.key][1] / scale }, true);
  } else if (event.target.matches('tbody') && ['ArrowUp', 'ArrowDown', 'Enter'].includes(event.key)) {
    onRowKey(event);
  } else {
    const act = KEYS[event.key] || KEYS[event.key.toLowerCase()];
    if (!act || (event.key === ' ' && event.target.matches('button'))) return;
    if (event.target.matches('[name=mode]') && event.key.startsWith('Arrow')) return;
    act();
  }
  event.preventDefault();
}

function onRowKey(event) {
  const i = Number(event.target.dataset.node);
  if (event.key === 'Enter') visit(i);
  else rove(Math.min(root, Math.max(0, i + (event.key === 'ArrowDown' ? 1 : -1))));
}

// The table is one stop of the tab key; in it the arrows move on.
function rove(i) {
  document.querySelector('tbody[tabindex="0"]').tabIndex = -1;
  bodies[i].tabIndex = 0;
  bodies[i].focus();
}

function nodeAt(target) {
  const body = target.closest?.('tbody');
  if (body) return Number(body.dataset.node);
  const box = target.closest?.('.node');
  return box && picture ? picture.boxes.indexOf(box) : -1;
}

function fromAddress() {
  const said = new URLSearchParams(location.hash.slice(1));
  const named = walk.forward.findIndex(({ wrt }) => nodes[wrt].name === said.get('wrt'));
  state.byModule = said.get('by') === 'module' && walk.modules;
  at('by').setAttribute('aria-pressed', String(state.byModule));
  setMode(said.get('mode') === 'forward' ? 'forward' : 'reverse', Math.max(0, named), Number(said.get('step')) || 0);
}

function listen() {
  document.addEventListener('keydown', onKey);
  at('first').onclick = KEYS.Home;
  at('back').onclick = KEYS.ArrowLeft;
  at('next').onclick = KEYS.ArrowRight;
  at('last').onclick = KEYS.End;
  at('play').onclick = KEYS[' '];
  at('theme').onclick = toggleTheme;
  at('by').onclick = KEYS.b;
  at('digits').onclick = KEYS.d;
  at('help').onclick = KEYS['?'];
  at('step').oninput = (event) => go(Number(event.target.value), false);
  at('wrt').onchange = (event) => setMode('forward', Number(event.target.value), state.step);
  at('modes').addEventListener('change', (event) => event.target.name === 'mode' && setMode(event.target.value));
  at('search').oninput = (event) => search(event.target.value);
  at('search').onkeydown = (event) => {
    if (event.key === 'Enter') nextFound();
    if (event.key === 'Escape') {
      event.target.value = '';
      search('');
      event.target.blur();
    }
  };
  const zooms = { in: KEYS['+'], out: KEYS['-'], all: KEYS[0] };
  document.querySelectorAll('[data-zoom]').forEach((button) => (button.onclick = zooms[button.dataset.zoom]));
  window.addEventListener('hashchange', fromAddress);
  const steering = picture && steer(section, picture);
  document.addEventListener('click', (event) => {
    const i = nodeAt(event.target);
    if (i >= 0 && !(steering?.dragged() && section.contains(event.target))) visit(i);
  });
  document.addEventListener('pointerover', (event) => {
    const i = nodeAt(event.target);
    if (i >= 0 && event.pointerType !== 'touch') showDetails(i, event.target.closest('.node, td'));
    else hideDetails();
  });
  document.addEventListener('focusin', (event) => {
    if (event.target.matches('tbody') && event.target.matches(':focus-visible'))
      showDetails(nodeAt(event.target), event.target.querySelector('td'));
    else hideDetails();
  });
  at('rows').addEventListener('scroll', hideDetails, { passive: true });
}

// How many of the digits are lost: the most of all rows that a box holds.
function redden(place, lost) {
  if (place && lost > Number(place.style.getPropertyValue('--lost'))) place.style.setProperty('--lost', lost);
}

function start() {
  if (matchMedia('(prefers-color-scheme: dark)').matches) document.documentElement.dataset.theme = 'dark';
  document.querySelector('main').classList.toggle('no-picture', !picture);
  document.querySelector('table').append(...bodies);
  at('wrt').append(...walk.forward.map(({ wrt }, k) => element('option', { value: k }, nodes[wrt].name)));
  at('modes').hidden = !walk.forward.length;
  at('by').hidden = !walk.modules;
  document.body.classList.toggle('network', walk.modules);
  at('digits').hidden = !walk.measured;
  nodes.forEach(({ lost = 0, gradientLost = 0 }, i) => {
    [bodies[i], picture?.boxes[i]].forEach((place) => redden(place, lost));
    redden(bodies[i].querySelector('.gradient'), gradientLost);
  });
  listen();
  fromAddress();
}

start();
