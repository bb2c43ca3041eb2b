/* The picture: neurons with their values over the plane, connections as wide as their weights, curves, histograms. */

const $ = (id) => document.getElementById(id);

/** Below zero blue, above orange, zero as the theme has it. */
const shades = { theme: null, table: null };

function shadesOfTheme() {
  const theme = document.documentElement.dataset.theme;
  if (shades.theme === theme) return shades.table;
  const style = getComputedStyle(document.documentElement);
  const part = (name, k) => parseInt(style.getPropertyValue(name).trim().slice(1 + 2 * k, 3 + 2 * k), 16);
  const table = new Uint32Array(511);
  for (let i = -255; i <= 255; i++) {
    const side = i < 0 ? '--below' : '--above', t = Math.abs(i) / 255;
    const [r, g, b] = [0, 1, 2].map((k) => Math.round(part('--zero', k) * (1 - t) + part(side, k) * t));
    table[i + 255] = (255 << 24) | (b << 16) | (g << 8) | r;
  }
  Object.assign(shades, { theme, table });
  return table;
}

const inside = (x) => Math.max(-1, Math.min(1, x));

/** Numbers, in rows of `width`, as an image of that many pixels. */
function paint(canvas, count, width, value) {
  const table = shadesOfTheme();
  if (canvas.width !== width || canvas.height !== count / width) Object.assign(canvas, { width, height: count / width });
  const context = canvas.getContext('2d');
  const image = context.createImageData(width, count / width);
  const pixels = new Uint32Array(image.data.buffer);
  for (let k = 0; k < count; k++) pixels[k] = table[255 + Math.round(255 * inside(value(k)))];
  context.putImageData(image, 0, 0);
}

const COLOURS = [[37, 99, 235], [217, 72, 15], [21, 128, 61], [124, 58, 237], [14, 116, 144], [190, 24, 93], [161, 98, 7]];
const colourOf = (label) => COLOURS[label % COLOURS.length];

/** Three classes or more: their colours, mixed by their probabilities. */
function paintClasses(canvas, count, width, output, classes) {
  Object.assign(canvas, { width, height: count / width });
  const context = canvas.getContext('2d');
  const image = context.createImageData(width, count / width);
  for (let p = 0; p < count; p++) {
    const z = output.subarray(p * classes, (p + 1) * classes), most = Math.max(...z);
    const weights = z.map((v) => Math.exp(v - most)), sum = weights.reduce((s, v) => s + v, 0);
    for (let c = 0; c < 3; c++) {
      image.data[4 * p + c] = 64 + 0.75 * weights.reduce((s, v, k) => s + v * colourOf(k)[c], 0) / sum;
    }
    image.data[4 * p + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

function place(layer, layers, j, size) {
  return [((layer + 0.5) / layers) * 100, 8 + ((j + 0.5) / size) * 88];
}

/** Buttons for neurons, lines for connections; `open(layer, neuron, source)` is called by a click. */
function build(sizes, names, open) {
  const images = sizes[0] !== 2;
  const shown = images ? sizes.slice(1) : sizes;
  const first = images ? 1 : 0;
  const neurons = [], lines = [];
  $('neurons').replaceChildren();
  $('lines').replaceChildren();
  shown.forEach((size, at) => {
    const layer = at + first;
    const title = document.createElement('span');
    title.textContent = names[layer];
    Object.assign(title.style, { left: `${place(at, shown.length, 0, 1)[0]}%`, top: '3.5%' });
    $('neurons').append(title);
    neurons[layer] = [];
    for (let j = 0; j < size; j++) {
      const [x, y] = place(at, shown.length, j, size);
      if (at > 0) {
        lines[layer] ??= [];
        for (let i = 0; i < sizes[layer - 1]; i++) {
          const from = place(at - 1, shown.length, i, sizes[layer - 1]);
          const line = document.createElementNS('http://www.w3.org/2000/svg', 'line');
          const ends = { x1: `${from[0]}%`, y1: `${from[1]}%`, x2: `${x}%`, y2: `${y}%` };
          Object.entries(ends).forEach(([key, value]) => line.setAttribute(key, value));
          line.addEventListener('click', () => open(layer, j, i));
          $('lines').append(line);
          lines[layer].push(line);
        }
      }
      const button = document.createElement('button');
      button.type = 'button';
      button.setAttribute('aria-label', `${names[layer]}, neuron ${j + 1}`);
      Object.assign(button.style, { left: `${x}%`, top: `${y}%`, height: `min(2.9rem, ${Math.floor(76 / size)}%)` });
      button.append(document.createElement('canvas'));
      if (layer) button.addEventListener('click', () => open(layer, j, -1));
      else button.disabled = true;
      $('neurons').append(button);
      neurons[layer][j] = button;
    }
  });
  return { neurons, lines };
}

function drawLines(lines, weights) {
  lines.forEach((list, layer) => {
    const w = weights[layer - 1];
    list.forEach((line, k) => {
      line.style.stroke = w[k] < 0 ? 'var(--below)' : 'var(--above)';
      line.style.strokeWidth = `${Math.min(9, 0.4 + 3 * Math.abs(w[k]))}px`;
      line.style.strokeOpacity = Math.min(0.9, 0.15 + Math.abs(w[k]));
    });
  });
}

function drawCurves(canvas, curves) {
  const context = canvas.getContext('2d');
  const style = getComputedStyle(document.documentElement);
  const { width, height } = canvas;
  context.clearRect(0, 0, width, height);
  const top = Math.max(0.1, ...curves.flat().filter(Number.isFinite));
  curves.forEach((curve, k) => {
    context.strokeStyle = style.getPropertyValue(k ? '--gradient' : '--value');
    context.lineWidth = 1.5;
    context.beginPath();
    curve.forEach((loss, i) => {
      context.lineTo((i / Math.max(1, curve.length - 1)) * width, height - 3 - (loss / top) * (height - 8));
    });
    context.stroke();
  });
}

/** How many gradients lie in each of 21 equal parts between −most and most. */
function drawHistogram(canvas, gradient) {
  const most = gradient.reduce((m, g) => Math.max(m, Math.abs(g)), 0) || 1;
  const counts = new Array(21).fill(0);
  for (const g of gradient) counts[Math.min(20, Math.floor(((g / most + 1) / 2) * 21))]++;
  const context = canvas.getContext('2d');
  const { width, height } = canvas, top = Math.max(...counts);
  context.clearRect(0, 0, width, height);
  context.fillStyle = getComputedStyle(document.documentElement).getPropertyValue('--gradient');
  counts.forEach((count, k) => {
    const h = (count / top) * (height - 2);
    context.fillRect((k * width) / 21 + 1, height - h, width / 21 - 2, h);
  });
  return most;
}
