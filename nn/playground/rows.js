/* The rows of the ξ-table of one neuron, with today's numbers of the first example of the last batch. */

const digits = (x) => (x === 0 ? '0' : Math.abs(x) < 1e-3 || Math.abs(x) >= 1e4 ? x.toExponential(3) : x.toPrecision(4))
  .replaceAll('-', '−');

/** φ′ from what went in and what came out, by the rule of the activation. */
function slopeOf(kind, z, a) {
  if (kind === 'tanh') return 1 - a * a;
  if (kind === 'sigmoid') return a * (1 - a);
  if (kind === 'relu') return z > 0 ? 1 : 0;
  return kind === 'identity' ? 1 : null;
}

/** of: { inputs, weights, gradients, bias, biasGradient, z, dz, kind, a, da, name, layer, neuron } */
function rowsOf(of) {
  const j = `${of.layer},${of.neuron + 1}`;
  const rows = [];
  of.inputs.forEach((x, i) => {
    const w = `w${i + 1}`, from = of.names(i);
    rows.push({ source: i, cells: [w, digits(of.weights[i]), `∂z/∂${w} = ${from} = ${digits(x)}`, digits(of.dz * x),
      digits(of.gradients[i])] });
    rows.push({ source: i, cells: [from, digits(x), `∂z/∂${from} = ${w} = ${digits(of.weights[i])}`,
      digits(of.dz * of.weights[i]), ''] });
  });
  rows.push({ source: -2, cells: ['b', digits(of.bias), '∂z/∂b = 1', digits(of.dz), digits(of.biasGradient)] });
  rows.push({ source: -2, cells: [`z${j} = Σ w·ξ + b`, digits(of.z), of.kind ? '' : 'a score of its class', digits(of.dz), ''] });
  if (of.kind) {
    const slope = slopeOf(of.kind, of.z, of.a) ?? (of.da ? of.dz / of.da : null);
    rows.push({ source: -2, cells: [`ξ${j} = ${of.kind}(z${j})`, digits(of.a),
      slope === null ? '' : `${of.kind}′(z) = ${digits(slope)}`, digits(of.da), ''] });
  }
  return rows;
}

function showRows(title, rows, source) {
  $('rows-title').textContent = title;
  $('hint').hidden = true;
  const table = $('rows').querySelector('table'), body = table.tBodies[0];
  table.hidden = false;
  while (body.rows.length > rows.length) body.deleteRow(-1);
  rows.forEach((row, k) => {
    const line = body.rows[k] ?? body.insertRow();
    line.className = row.source === source ? 'chosen' : '';
    row.cells.forEach((text, c) => { (line.cells[c] ?? line.insertCell()).textContent = text; });
  });
}
