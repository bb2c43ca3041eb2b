// Arrays as pictures: blue below zero, the paper at zero, orange above.

const WIDEST = 176; // pixels of a picture on the screen
const HIGHEST = 104;
const THIN = 10; // how high a vector is at least
const GAP = 2; // between tiles

function heatMap(picture, name) {
  const { tiles, of, height, width, step, bound } = picture;
  const columns = Math.min(tiles, Math.max(1, Math.round(Math.sqrt((tiles * height) / width))));
  const lines = Math.ceil(tiles / columns);
  const scale = Math.max(1, Math.min(18, Math.floor(Math.min(WIDEST / columns / width, HIGHEST / lines / height))));
  const tall = height === 1 ? Math.max(scale, THIN) : scale;
  const canvas = element('canvas', { role: 'img', width: columns * (width * scale + GAP) - GAP,
    height: lines * (height * tall + GAP) - GAP, 'aria-label': `${name} as a picture, from −${short(bound)} to ${short(bound)}` });
  paint(canvas, picture, columns, scale, tall);
  const notes = [`±${short(bound)}`, tiles < of ? `first ${tiles} of ${of}` : '', step > 1 ? `1 in ${step} shown` : ''];
  return element('figure', {}, canvas, element('figcaption', {}, math(name), ` ${notes.filter(Boolean).join(', ')}`));
}

function paint(canvas, { tiles, height, width, pixels }, columns, scale, tall) {
  const style = getComputedStyle(document.documentElement);
  const colour = (property) => style.getPropertyValue(property).match(/\w\w/g).map((part) => parseInt(part, 16));
  const [below, zero, above] = ['--below', '--zero', '--above'].map(colour);
  const bytes = Uint8Array.from(atob(pixels), (letter) => letter.charCodeAt(0));
  const context = canvas.getContext('2d');
  for (let k = 0; k < tiles * height * width; k += 1) {
    const [tile, y, x] = [Math.floor(k / (height * width)), Math.floor(k / width) % height, k % width];
    const [share, end] = [Math.abs(bytes[k] - 127) / 127, bytes[k] < 127 ? below : above];
    const mixed = zero.map((c, j) => Math.round(c + (end[j] - c) * share));
    context.fillStyle = bytes[k] === 255 ? '#c026d3' : `rgb(${mixed})`;
    context.fillRect((tile % columns) * (width * scale + GAP) + x * scale,
      Math.floor(tile / columns) * (height * tall + GAP) + y * tall, scale, tall);
  }
}

const short = (number) => String(Number(number.toPrecision(3))).replace('e-', 'e−').replace('e+', 'e');

// Pictures side by side: [picture, name, …]; those that there are.
function strip(pairs) {
  const figures = pairs.filter(([picture]) => picture).map(([picture, name]) => heatMap(picture, name));
  return figures.length ? [element('div', { class: 'strip' }, ...figures)] : [];
}
