/* The page: what is chosen, one training step, and one frame of the picture. */

const DATA = JSON.parse($('data').textContent);
const GRID = DATA.grid, BATCH = DATA.batch, VALIDATION = DATA.validation;
const RATES = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3], PENALTIES = [0, 0.001, 0.003, 0.01, 0.03, 0.1];
const chosen = { layer: 0, neuron: 0, source: -1 };
let own, member, set, step, look, explain, picture, steps, next, curves, seen, started = 0;

// Random numbers that are the same on every machine (Marsaglia's xorshift, 2003), for noise and new weights.
let seed = 1;
function uniform() {
  seed ^= seed << 13; seed ^= seed >>> 17; seed ^= seed << 5;
  return (seed >>> 0) / 4294967296;
}
const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());

const listed = (program, pattern) => Object.keys(program.arrays).filter((k) => pattern.test(k)).map((k) => program.arrays[k]);
const weightsOf = (program) => program === own ? member.own.weights.map((k) => own.arrays[k]) : listed(program, /\.weight$/);
const biasesOf = (program) => program === own ? member.own.biases.map((k) => own.arrays[k]) : listed(program, /\.bias$/);
const gradientsOf = (kind) => listed(step, new RegExp(`\\.${kind}\\.grad$`));
const result = (program, k) => program.arrays[k in program.arrays ? k : 'result'];
const inputs = () => member.sizes[0];
const images = () => inputs() !== 2;

function share(program, from = step) {
  weightsOf(program).forEach((w, k) => w.set(weightsOf(from)[k]));
  biasesOf(program).forEach((b, k) => b.set(biasesOf(from)[k]));
}

/** The number of a program whose name ends so. */
function setNumber(program, end, value) {
  const key = Object.keys(program.numbers).find((name) => name.endsWith(end));
  if (key) program.numbers[key] = value;
}

function begin(fresh) {
  set = DATA.sets[$('data-set').value];
  const at = DATA.members.findIndex((m) => m.activation === $('activation').value && m.hidden === $('hidden').value);
  member = DATA.members[at];
  const programs = PROGRAMS[at];
  own = programs.own?.();
  step = programs.step();
  look = programs.look();
  explain = programs.explain?.();
  const given = member.parameters;
  weightsOf(step).forEach((w, k) => {
    const bound = 1 / Math.sqrt(member.sizes[k]);
    const next = (array, values) => array.set(fresh ? Array.from(array, () => (2 * uniform() - 1) * bound) : values);
    next(w, given[2 * k]);
    next(biasesOf(step)[k], given[2 * k + 1]);
  });
  if (own) share(own);
  steps = next = 0;
  curves = [[], []];
  seen = [];
  const names = ['input'];
  member.kinds.forEach((kind, k) => {
    if (kind !== 'linear') names[names.length - 1] = kind;
    else names.push(k === member.kinds.length - 1 ? 'classes' : 'linear');
  });
  picture = build(member.sizes, names, (layer, neuron, source) => {
    Object.assign(chosen, { layer, neuron, source });
    openRows();
    document.querySelectorAll('#neurons .chosen').forEach((b) => b.classList.remove('chosen'));
    picture.neurons[layer][neuron].classList.add('chosen');
  });
  chosen.layer = 0;
  $('rows').querySelector('table').hidden = true;
  $('hint').hidden = false;
  $('rows-title').textContent = 'ξ-table';
  $('histograms').replaceChildren(...weightsOf(step).map((_, k) => {
    const figure = document.createElement('figure');
    figure.append(Object.assign(document.createElement('canvas'), { width: 168, height: 50 }), document.createElement('figcaption'));
    figure.lastChild.textContent = `∂L/∂W${k + 1}`;
    return figure;
  }));
  const extent = Math.max(1.2, ...set.x.map(Math.abs)) * (images() ? 1 : 1.1);
  const rows = look.arrays.x;
  if (!images()) {
    for (let k = 0; k < GRID * GRID; k++) {
      rows[2 * k] = (((k % GRID) + 0.5) / GRID * 2 - 1) * extent;
      rows[2 * k + 1] = (1 - (Math.floor(k / GRID) + 0.5) / GRID * 2) * extent;
    }
  }
  const points = rows.length - VALIDATION * inputs();
  rows.set(set.x.slice(set.x.length - VALIDATION * inputs()), points);
  set.extent = extent;
  draw();
}

/** One step on the next examples; 0, or what the program says. */
function train() {
  const batch = own ? member.own.batch : Number($('batch').value), noise = Number($('noise').value) / 100, n = set.y.length - VALIDATION;
  const { x, y, share: parts } = step.arrays, d = inputs();
  for (let k = 0; k < BATCH; k++) {
    const row = (next + k) % n;
    for (let i = 0; i < d; i++) x[k * d + i] = set.x[row * d + i] + (noise && k < batch ? noise * normal() : 0);
    y[k] = set.y[row];
    parts[k] = k < batch ? 1 / batch : 0;
  }
  next = (next + batch) % n;
  setNumber(step, "['lr']", own ? 0 : Number($('rate').value));
  setNumber(step, 'l1', Number($('l1').value));
  setNumber(step, 'l2', Number($('l2').value));
  step.before = [...weightsOf(step), ...biasesOf(step)].map((array) => array.slice());
  const ended = step.run() || (own ? trainOwn() : 0);
  steps++;
  seen.push(step.arrays.result_0[0]);
  return ended;
}

/** The user's own step on the same examples; the one before only showed values and derivatives. */
function trainOwn() {
  const { x, y, batch } = member.own;
  own.arrays[x].set(step.arrays.x.subarray(0, batch * inputs()));
  own.arrays[y].set(step.arrays.y.subarray(0, batch));
  setNumber(own, "['lr']", Number($('rate').value));
  const ended = own.run();
  share(step, own);
  return ended;
}

function openRows() {
  const { layer, neuron, source } = chosen;
  if (!layer || !steps) {
    if (layer) step1();
    else return;
  }
  const n = member.sizes[layer - 1], at = member.kinds.flatMap((kind, k) => (kind === 'linear' ? [k] : []))[layer - 1];
  const kind = member.kinds[at + 1] === 'linear' ? undefined : member.kinds[at + 1];
  const value = (k) => step.arrays[`result_1_${k}`], adjoint = (k) => step.arrays[`result_2_${k}`];
  const before = layer === 1 ? step.arrays.x.subarray(0, n) : value(at - 1).subarray(0, n);
  showRows(`neuron ${neuron + 1} of layer ${layer}`, rowsOf({
    inputs: [...before], layer, neuron, kind, names: (i) => (layer === 1 ? `x${i + 1}` : `ξ${layer - 1},${i + 1}`),
    weights: step.before[layer - 1].subarray(neuron * n, (neuron + 1) * n),
    gradients: gradientsOf('weight')[layer - 1].subarray(neuron * n, (neuron + 1) * n),
    bias: step.before[member.sizes.length - 1 + layer - 1][neuron], biasGradient: gradientsOf('bias')[layer - 1][neuron],
    z: value(at)[neuron], dz: adjoint(at)[neuron],
    a: kind && value(at + 1)[neuron], da: kind && adjoint(at + 1)[neuron],
  }), source);
}

/** One step; or, with a budget of milliseconds, as many of an epoch's as fit, and one picture of them. */
function step1(budget = 0) {
  const until = performance.now() + budget;
  let ended = train(), left = set.y.length / Number($('batch').value) - 1;
  while (!ended && left-- > 0 && performance.now() < until) ended = train();
  draw();
  if (ended) $('state').textContent = `The step left the recorded path (${ended}).`;
  return ended;
}

function validationLoss(output, first) {
  const classes = member.sizes.at(-1);
  let loss = 0, right = 0;
  for (let k = 0; k < VALIDATION; k++) {
    const z = output.subarray((first + k) * classes, (first + k + 1) * classes);
    const label = set.y[set.y.length - VALIDATION + k], most = Math.max(...z);
    loss += most + Math.log(z.reduce((s, v) => s + Math.exp(v - most), 0)) - z[label];
    right += z[label] === most;
  }
  return [loss / VALIDATION, right / VALIDATION];
}

function draw() {
  share(look);
  look.run();
  const layers = member.kinds.map((_, k) => look.arrays[`result_${k}`] ?? look.arrays.result);
  const points = images() ? 1 : GRID * GRID;
  const output = layers.at(-1), classes = member.sizes.at(-1);
  const [loss, right] = validationLoss(output, points);
  if (steps) {
    curves[0].push(seen.length ? seen.reduce((a, b) => a + b) / seen.length : curves[0].at(-1));
    seen = [];
    curves[1].push(loss);
    if (curves[0].length > 600) curves = curves.map((c) => c.filter((_, k) => k % 2));
  }
  $('state').textContent = `step ${steps}: training loss ${steps ? step.arrays.result_0[0].toFixed(4) : '–'}, `
    + `validation ${loss.toFixed(4)}, ${(100 * right).toFixed(1)} % right`;
  drawLines(picture.lines, weightsOf(step));
  let layer = 0;
  member.kinds.forEach((kind, k) => {
    if (kind === 'linear') layer++;
    if (member.kinds[k + 1] && member.kinds[k + 1] !== 'linear') return;
    const size = member.sizes[layer];
    picture.neurons[layer].forEach((button, j) => {
      const canvas = button.firstChild;
      if (images()) {
        const w = weightsOf(step)[0], d = inputs();
        if (layer === 1) paint(canvas, d, Math.sqrt(d), (p) => 4 * w[j * d + p]);
        else paint(canvas, 1, 1, () => layers[k][j] / 4);
      } else paint(canvas, points, GRID, (p) => layers[k][p * size + j]);
    });
  });
  if (images()) drawImage(output);
  else {
    const x = look.arrays.x;
    picture.neurons[0].forEach((b, j) => paint(b.firstChild, points, GRID, (p) => x[2 * p + j]));
    drawSurface(output, classes, points);
  }
  drawCurves($('curves'), curves);
  $('curves').setAttribute('aria-label', `Validation loss ${loss.toFixed(3)}`);
  const gradients = gradientsOf('weight');
  [...$('histograms').children].forEach((figure, k) => {
    const most = drawHistogram(figure.firstChild, gradients[k]);
    figure.lastChild.textContent = `∂L/∂W${k + 1}, ±${digits(steps ? most : 0)}`;
  });
  if (chosen.layer) openRows();
}

const tile = document.createElement('canvas');
function drawSurface(output, classes, points) {
  const canvas = $('surface').firstChild, context = canvas.getContext('2d');
  const style = getComputedStyle(document.documentElement);
  if (classes === 2) paint(tile, points, GRID, (p) => Math.tanh((output[2 * p + 1] - output[2 * p]) / 2));
  else paintClasses(tile, points, GRID, output, classes);
  context.imageSmoothingEnabled = true;
  context.drawImage(tile, 0, 0, 260, 260);
  const colours = [style.getPropertyValue('--below'), style.getPropertyValue('--above')];
  const edge = style.getPropertyValue('--card');
  set.y.forEach((label, k) => {
    context.beginPath();
    context.arc((set.x[2 * k] / set.extent + 1) * 130, (1 - set.x[2 * k + 1] / set.extent) * 130, 3, 0, 7);
    context.fillStyle = classes === 2 ? colours[label] : `rgb(${colourOf(label)})`;
    context.fill();
    context.strokeStyle = edge;
    context.stroke();
  });
}

/** What the network makes of the drawn image, and which pixels would raise the class it says. */
function drawImage(output) {
  const d = inputs(), side = Math.sqrt(d), classes = member.sizes.at(-1), image = look.arrays.x.subarray(0, d);
  const z = output.subarray(0, classes), most = Math.max(...z), sum = z.reduce((s, v) => s + Math.exp(v - most), 0);
  const says = z.indexOf(most);
  share(explain);
  explain.arrays.x.set(image);
  explain.arrays.chosen.fill(0)[says] = 1;
  explain.run();
  const slope = explain.arrays.result, largest = slope.reduce((m, s) => Math.max(m, Math.abs(s)), 1e-12);
  paint($('pad'), d, side, (p) => image[p]);
  paint($('slope'), d, side, (p) => slope[p] / largest);
  const list = $('classes');
  while (list.children.length < classes) list.append(document.createElement('li'));
  [...list.children].forEach((item, k) => {
    const p = Math.exp(z[k] - most) / sum;
    item.style.setProperty('--p', p);
    item.textContent = `${(100 * p).toFixed(1)} %${k === says ? ' ←' : ''}`;
  });
}

// Controls ------------------------------------------------------------------------------------------------------------

function options(id, values, picked, label = String) {
  $(id).replaceChildren(...values.map((v) => new Option(label(v), v, v === picked, v === picked)));
  const around = $(id).closest('.choice');
  if (around) around.hidden = values.length < 2;
}

const BUDGET = 6; // milliseconds of training a frame, beside which the picture is drawn
const playing = () => $('play').getAttribute('aria-pressed') === 'true';
function play(on) {
  $('play').setAttribute('aria-pressed', on);
  $('play').textContent = on ? 'Pause' : 'Play';
  if (on) requestAnimationFrame(frame);
}
function frame() {
  if (playing() && step1(BUDGET) === 0) requestAnimationFrame(frame);
  else play(false);
}

const distinct = (key) => [...new Set(DATA.members.map((m) => m[key]))];
options('data-set', Object.keys(DATA.sets));
options('activation', distinct('activation'));
options('hidden', distinct('hidden'));
const OWN = DATA.members[0].own, RATE = OWN ? OWN.rate : 0.3;
options('rate', [...new Set([...RATES, RATE ?? 0.3])].sort((a, b) => a - b), RATE);
for (const id of OWN ? ['batch', 'l1', 'l2'] : []) $(id).closest('label').hidden = true;
$('rate').closest('label').hidden = RATE === null;
options('l1', PENALTIES, 0);
options('l2', PENALTIES, 0);
Object.assign($('batch'), { max: BATCH, value: Math.min(10, BATCH) });
for (const id of ['batch', 'noise']) {
  const tell = () => { document.querySelector(`output[for="${id}"]`).textContent = id === 'noise' ? $(id).value / 100 : $(id).value; };
  $(id).addEventListener('input', tell);
  tell();
}
for (const id of ['data-set', 'activation', 'hidden']) $(id).addEventListener('change', () => begin(false));
$('play').addEventListener('click', () => play(!playing()));
$('one').addEventListener('click', () => { play(false); step1(); });
$('reset').addEventListener('click', () => { play(false); begin(started++ % 2 === 1); });
function theme(name) {
  document.documentElement.dataset.theme = name;
  if (member) draw();
}
$('theme').addEventListener('click', () => theme(document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark'));
document.addEventListener('keydown', (event) => {
  if (event.target.closest('input, select, button, #pad') || event.ctrlKey || event.metaKey || event.altKey) return;
  const button = { ' ': 'play', ArrowRight: 'one', r: 'reset', t: 'theme' }[event.key];
  if (button) { event.preventDefault(); $(button).click(); }
});
theme(matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');

const pen = { x: 0, y: 0, down: false };
function inkAt(x, y) {
  const side = Math.sqrt(inputs()), image = look.arrays.x;
  for (const [dx, dy, ink] of [[0, 0, 1], [1, 0, 0.4], [0, 1, 0.4], [-1, 0, 0.4], [0, -1, 0.4]]) {
    const [c, r] = [x + dx, y + dy];
    if (c >= 0 && c < side && r >= 0 && r < side) image[r * side + c] = Math.min(1, Math.max(image[r * side + c], ink));
  }
  draw();
}
function penAt(event) {
  const box = $('pad').getBoundingClientRect(), side = Math.sqrt(inputs());
  inkAt(Math.floor((event.clientX - box.x) / box.width * side), Math.floor((event.clientY - box.y) / box.height * side));
}
$('pad').addEventListener('pointerdown', (event) => { pen.down = true; penAt(event); });
$('pad').addEventListener('pointermove', (event) => { if (pen.down) penAt(event); });
addEventListener('pointerup', () => { pen.down = false; });
$('pad').addEventListener('keydown', (event) => {
  const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  const side = Math.sqrt(inputs());
  if (move) { pen.x = Math.max(0, Math.min(side - 1, pen.x + move[0])); pen.y = Math.max(0, Math.min(side - 1, pen.y + move[1])); }
  else if (event.key === ' ') inkAt(pen.x, pen.y);
  else if (event.key === 'Delete') $('clear').click();
  else return;
  event.preventDefault();
  $('pad').setAttribute('aria-label', `Pen at column ${pen.x + 1}, row ${pen.y + 1}; arrows move, space paints, Delete clears`);
});
$('clear').addEventListener('click', () => { look.arrays.x.fill(0, 0, inputs()); draw(); });
let example = 0;
function showExample() {
  const d = inputs(), row = set.y.length - VALIDATION + (example++ % VALIDATION);
  look.arrays.x.set(set.x.slice(row * d, (row + 1) * d));
  draw();
}
$('example').addEventListener('click', showExample);

begin(false);
$('drawing').hidden = !images();
$('surface').hidden = images();
$('noise').closest('label').hidden = false;
if (images()) showExample();
