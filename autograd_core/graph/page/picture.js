// The picture: what is lit, and zoom and pan by the viewBox.

const still = window.matchMedia('(prefers-reduced-motion: reduce)');

const READABLE = 1; // pixels for a point: letters are as large as those of the table

// A box of its own, not one that several variables share.
const alone = (box) => /^(row|source)-/.test(box?.id);

function makePicture(section) {
  const svg = section.querySelector('svg');
  if (!svg) return null;
  const page = svg.viewBox.baseVal;
  const whole = { x: page.x, y: page.y, width: page.width, height: page.height };
  const boxes = nodes.map((node) => svg.querySelector(`#${CSS.escape(node.box)}`));
  const badges = new Map();
  let view = { x: whole.x + whole.width / 2, y: whole.y + whole.height / 2, scale: 1 };
  let moving = 0;

  svg.setAttribute('aria-hidden', 'true');
  svg.removeAttribute('width');
  svg.removeAttribute('height');
  tidy(svg);
  nodes.forEach((node, i) => boxes[i] && dress(node, boxes[i]));

  function dress(node, box) {
    if (!alone(box)) return;
    box.querySelectorAll('text').forEach((text) => {
      if (node.op && text.textContent.trim() === node.value) text.classList.add('of-value');
    });
  }

  // View ------------------------------------------------------------------------------------------------------------

  function draw() {
    const [w, h] = [svg.clientWidth / view.scale, svg.clientHeight / view.scale];
    if (w > 0 && h > 0) svg.setAttribute('viewBox', `${view.x - w / 2} ${view.y - h / 2} ${w} ${h}`);
  }

  function look(next, smooth = false) {
    const goal = { ...view, ...next };
    goal.scale = Math.min(8, Math.max(0.04, goal.scale));
    goal.x = Math.min(whole.x + whole.width, Math.max(whole.x, goal.x));
    goal.y = Math.min(whole.y + whole.height, Math.max(whole.y, goal.y));
    cancelAnimationFrame(moving);
    if (smooth && !still.matches) glide({ ...view }, goal, performance.now());
    else {
      view = goal;
      draw();
    }
  }

  function glide(from, to, start) {
    const t = Math.min(1, Math.max(0, (performance.now() - start) / 260));
    const eased = 1 - (1 - t) ** 3;
    const between = (key) => from[key] + (to[key] - from[key]) * eased;
    view = { x: between('x'), y: between('y'), scale: from.scale * (to.scale / from.scale) ** eased };
    draw();
    if (t < 1) moving = requestAnimationFrame(() => glide(from, to, start));
  }

  // The point of the picture below a point of the screen.
  function under(px, py) {
    const box = svg.getBoundingClientRect();
    const [dx, dy] = [px - box.left - box.width / 2, py - box.top - box.height / 2];
    return { x: view.x + dx / view.scale, y: view.y + dy / view.scale, dx, dy };
  }

  function zoom(factor, px, py, smooth) {
    const box = svg.getBoundingClientRect();
    const { x, y, dx, dy } = under(px ?? box.left + box.width / 2, py ?? box.top + box.height / 2);
    const scale = Math.min(8, Math.max(0.04, view.scale * factor));
    look({ scale, x: x - dx / scale, y: y - dy / scale }, smooth);
  }

  function fitting() {
    return 0.97 * Math.min(svg.clientWidth / whole.width, svg.clientHeight / whole.height);
  }

  function all(smooth) {
    look({ x: whole.x + whole.width / 2, y: whole.y + whole.height / 2, scale: Math.min(1.7, fitting()) }, smooth);
  }

  // At first all of it, unless it could not be read then.
  function open() {
    all(false);
    if (view.scale < READABLE) look({ scale: READABLE });
  }

  function follow(i, smooth = true) {
    if (!boxes[i]) return;
    const seen = boxes[i].getBoundingClientRect();
    const frame = svg.getBoundingClientRect();
    const inside = seen.left > frame.left + 12 && seen.right < frame.right - 12
      && seen.top > frame.top + frame.height * 0.12 && seen.bottom < frame.bottom - frame.height * 0.12;
    if (inside || view.scale <= fitting() * 1.02) return;
    const { x, y } = under((seen.left + seen.right) / 2, (seen.top + seen.bottom) / 2);
    look({ x: within(x, whole.x, whole.width, frame.width), y: within(y, whole.y, whole.height, frame.height) }, smooth);
  }

  // A middle of the view that shows no more emptiness beyond the picture than is needed.
  function within(middle, start, length, pixels) {
    const half = pixels / view.scale / 2;
    return 2 * half >= length ? start + length / 2 : Math.min(start + length - half, Math.max(start + half, middle));
  }

  // What is lit -----------------------------------------------------------------------------------------------------

  function edgesBetween(from, to) {
    const [a, b] = [boxes[from]?.id, boxes[to]?.id];
    const edge = a && b && svg.querySelector(`[id="${CSS.escape(`edge-${a}-${b}`)}"]`);
    return edge ? [edge] : [];
  }

  function light(current, flows) {
    svg.querySelectorAll('.current, .lit, .flows').forEach((e) => e.classList.remove('current', 'lit', 'flows'));
    flows.forEach(([from, to]) => {
      edgesBetween(from, to).forEach((edge) => edge.classList.add('flows'));
      [from, to].forEach((k) => boxes[k]?.classList.add('lit'));
    });
    boxes[current]?.classList.add('current');
  }

  function mark(hits) {
    svg.querySelectorAll('.found').forEach((box) => box.classList.remove('found'));
    hits.forEach((i) => boxes[i]?.classList.add('found'));
  }

  function reveal(i, valued, gradient) {
    if (!alone(boxes[i])) return;
    boxes[i].classList.toggle('pending', !valued);
    badge(i, gradient);
  }

  // The derivative on the edge of the box, of numbers only.
  function badge(i, text) {
    const shown = text !== null && nodes[i].scalar;
    if (!shown) {
      badges.get(i)?.remove();
      badges.delete(i);
      return;
    }
    if (!badges.has(i)) badges.set(i, boxes[i].parentNode.appendChild(makeBadge(boxes[i], shortened(text))));
  }

  new ResizeObserver(draw).observe(svg);
  open();
  return { svg, boxes, look, zoom, all, open, follow, light, mark, reveal, view: () => view };
}

const SVG = document.querySelector('#picture svg')?.namespaceURI;

function makeBadge(box, text) {
  const frame = box.getBBox();
  const label = document.createElementNS(SVG, 'text');
  const rect = document.createElementNS(SVG, 'rect');
  const group = document.createElementNS(SVG, 'g');
  const width = 6.4 * text.length + 10;
  const [x, y] = [frame.x + frame.width - 8, frame.y - 8];
  Object.entries({ x, y, width, height: 16, rx: 8 }).forEach(([key, value]) => rect.setAttribute(key, value));
  Object.entries({ x: x + width / 2, y: y + 11.8, 'text-anchor': 'middle' })
    .forEach(([key, value]) => label.setAttribute(key, value));
  label.textContent = text;
  group.classList.add('badge');
  group.append(rect, label);
  return group;
}

// Few digits, for a small place: 0.99987661 → 0.9999.
function shortened(text) {
  const number = Number(text.replaceAll('−', '-'));
  if (!Number.isFinite(number)) return text;
  return String(Number(number.toPrecision(4))).replaceAll('-', '−');
}

// Graphviz's own tooltips: those of boxes make way for the page's details, those of edges stay.
function tidy(svg) {
  svg.querySelectorAll('title').forEach((title) => title.remove());
  svg.querySelectorAll('a').forEach((link) => {
    const text = link.getAttribute('xlink:title');
    link.removeAttribute('xlink:title');
    if (!text || !link.closest('.edge')) return;
    const title = document.createElementNS(svg.namespaceURI, 'title');
    title.textContent = text;
    link.prepend(title);
  });
}

// Wheel, drag and pinch.
function steer(section, picture) {
  const fingers = new Map();
  let travelled = 0;
  const spread = () => {
    const [a, b] = [...fingers.values()];
    return { distance: Math.hypot(a.x - b.x, a.y - b.y), x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
  };
  const shift = (dx, dy) => {
    const { x, y, scale } = picture.view();
    picture.look({ x: x - dx / scale, y: y - dy / scale });
  };

  section.addEventListener('wheel', (event) => {
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    picture.zoom(Math.exp(-event.deltaY * lines * 0.0016), event.clientX, event.clientY);
  }, { passive: false });
  section.addEventListener('pointerdown', (event) => {
    if (event.target.closest('button')) return;
    if (!fingers.size) travelled = 0;
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  });
  window.addEventListener('pointermove', (event) => {
    const last = fingers.get(event.pointerId);
    if (!last) return;
    const before = fingers.size === 2 ? spread() : null;
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (before) {
      const after = spread();
      picture.zoom(after.distance / before.distance, after.x, after.y);
      shift(after.x - before.x, after.y - before.y);
    } else shift(event.clientX - last.x, event.clientY - last.y);
    travelled += Math.abs(event.clientX - last.x) + Math.abs(event.clientY - last.y);
  });
  const lift = (event) => fingers.delete(event.pointerId);
  window.addEventListener('pointerup', lift);
  window.addEventListener('pointercancel', lift);
  return { dragged: () => travelled > 6 };
}
