// The step viewer: a guided solution, signal by signal.
const viewers = [];
let active = null;

const percent = (value) => {
  if (value === null || value === undefined) return '–';
  const share = 100 * value;
  return share >= 99.95 ? '100 %' : share >= 1 ? `${share.toFixed(1)} %` : share >= 0.005 ? `${share.toFixed(2)} %` : share === 0 ? '0 %' : '< 0.01 %';
};
const visible = (text) => (text === '' ? '(end)' : text.replaceAll('\n', '↵').replaceAll('\t', '→').replaceAll(' ', '·'));
const moved = ([, plain, conditional, guided]) => (conditional === null || plain === null || guided === null
  ? 0 : Math.log(Math.max(guided, 1e-9) / Math.max(plain, 1e-9)));

const buildViewer = (root) => {
  const data = records(root.dataset.name);
  const choices = data.index.solutions;
  const several = new Set(choices.map(([, trial]) => trial)).size > 1;
  const select = h('select', { 'aria-label': 'solution' }, choices.map(([task, trial, gamma, passed], number) =>
    h('option', { value: number }, `${task}, gamma ${gamma}${several ? `, ${trial}` : ''}${passed === null ? '' : passed ? ' ✓' : ' ✗'}`)));
  const back = h('button', { type: 'button', class: 'move', 'aria-label': 'line before', onclick: () => go(step - 1) }, '←');
  const on = h('button', { type: 'button', class: 'move', 'aria-label': 'next line', onclick: () => go(step + 1) }, '→');
  const slider = h('input', { type: 'range', min: 0, value: 0, 'aria-label': 'line', oninput: () => go(Number(slider.value)) });
  const where = h('span', { class: 'where', 'aria-live': 'polite' });
  const body = h('div');
  let solution = null;
  let step = 0;
  let token = 0;
  let candidate = 0;
  let test = 0;

  const load = async (number) => {
    const [, , , , , piece, place] = choices[number];
    try {
      solution = await data.at(piece, place);
    } catch (error) {
      body.replaceChildren(h('p', {}, `This solution cannot be shown (${error.message}): a browser of 2023 or newer is needed.`));
      return;
    }
    slider.max = solution.steps.length - 1;
    go(0);
  };
  const go = (number) => {
    if (!solution) return;
    step = Math.min(Math.max(number, 0), solution.steps.length - 1);
    const { tokens, candidates } = solution.steps[step];
    token = tokens.reduce((best, each, place) => (Math.abs(moved(each)) > Math.abs(moved(tokens[best])) + 1e-6 ? place : best), 0);
    candidate = Math.max(0, candidates.findIndex((each) => each.outcome === 'passed'));
    test = 0;
    draw();
  };
  const goToken = (number) => {
    if (!solution) return;
    const { tokens } = solution.steps[step];
    token = Math.min(Math.max(number, 0), tokens.length - 1);
    draw();
  };
  const draw = () => {
    const now = solution.steps[step];
    back.disabled = step === 0;
    on.disabled = step === solution.steps.length - 1;
    slider.value = step;
    where.textContent = `line ${now.line + 1}, signal ${step + 1} of ${solution.steps.length}`;
    const scroll = body.querySelector('.run')?.scrollTop || 0;
    body.replaceChildren(h('div', { class: 'columns' },
      h('div', {}, h('h4', {}, 'The program'), drawCode(solution, step, token, goToken), drawToken(now.tokens, token)),
      h('div', {}, h('h4', {}, 'Candidates and their runs'), drawCandidates(now, candidate, test,
        (number) => { candidate = number; test = 0; draw(); }, (number) => { test = number; draw(); }))),
    drawRest(solution, now));
    const run = body.querySelector('.run');
    if (run) run.scrollTop = scroll;
    const writing = body.querySelector('.writing');
    const first = writing?.querySelector('.tok');
    if (first) writing.scrollTop = Math.max(0, first.offsetTop - writing.offsetTop - 80);
    const chosen = writing?.querySelector('.chosen');
    if (chosen) {
      const right = chosen.offsetLeft - writing.offsetLeft + chosen.offsetWidth + 24;
      if (right > writing.clientWidth) writing.scrollLeft = right - writing.clientWidth;
    }
  };
  select.addEventListener('change', () => load(Number(select.value)));
  root.tabIndex = 0;
  root.replaceChildren(h('div', { class: 'controls' }, select, back, slider, on, where), body);
  const viewer = { root, line: (by) => go(step + by), token: (by) => goToken(token + by) };
  viewers.push(viewer);
  for (const kind of ['pointerdown', 'focusin']) root.addEventListener(kind, () => { active = viewer; });
  load(0);
};

const drawCode = (solution, step, chosen, goToken) => {
  const text = (one) => one.tokens.map(([piece]) => piece).join('');
  const all = solution.steps.map(text).join('');
  const at = all.trim() ? solution.program.lastIndexOf(all.trimEnd()) : -1;
  const head = at > 0 ? solution.program.slice(0, at) : '';
  const before = solution.steps.slice(0, step).map(text).join('');
  const later = solution.steps.slice(step + 1).map(text).join('');
  const tokens = solution.steps[step].tokens.map((each, number) => {
    const by = moved(each);
    const style = `tok${by > 0.02 ? ' up' : by < -0.02 ? ' down' : ''}${number === chosen ? ' chosen' : ''}`;
    return h('span', { class: style, onclick: () => goToken(number), title: `${percent(each[1])} plain, ${percent(each[3])} guided` },
      each[0] === '' ? '∎' : each[0].replace(/^\n/, '↵\n'));
  });
  return h('pre', { class: 'writing' }, h('span', { class: 'old' }, coloured(head + before)), tokens, h('span', { class: 'later' }, later));
};

const drawToken = (tokens, chosen) => {
  if (!tokens.length) return h('p', { class: 'meta' }, 'No token was written under this signal.');
  const [text, plain, conditional, guided, top] = tokens[chosen];
  const cell = (value, style) => h('td', { class: 'r p' }, percent(value),
    h('i', { class: `level ${style}`, style: `width:${Math.round(90 * (value || 0))}%` }));
  const row = ([name, ...values], taken) => h('tr', { class: taken ? 'taken' : null }, h('td', { class: 'odds-token', title: name }, visible(name)),
    cell(values[0], ''), cell(values[1], 'c'), cell(values[2], 'g'));
  const most = tokens.map((each, place) => [Math.abs(moved(each)), place]).filter(([by]) => by > 0.05)
    .sort((a, b) => b[0] - a[0]).slice(0, 4).map(([, place]) => place).sort((a, b) => a - b);
  return h('div', {}, h('h4', {}, `Token ${chosen + 1} of ${tokens.length}`),
    h('div', { class: 'scroll' }, h('table', { class: 'odds data-odds' }, h('thead', {}, h('tr', {}, h('th', {}, 'token'), h('th', { class: 'r' }, 'plain'),
      h('th', { class: 'r' }, 'with the signal'), h('th', { class: 'r' }, 'guided'))),
    h('tbody', {}, row([text, plain, conditional, guided], true), (top || []).map((other) => row(other, false))))),
    h('p', { class: 'note' }, conditional === null ? 'There was no signal here: guided is plain.'
      : most.length ? ['Moved most on this line: ', most.map((place, number) => [number ? ', ' : '', h('code', {}, visible(tokens[place][0])),
        ` ${percent(tokens[place][1])} → ${percent(tokens[place][3])}`])].flat(3) : 'The signal moved no token on this line by much.'));
};

const drawCandidates = (now, chosen, test, pick, pickTest) => {
  if (!now.candidates.length) return h('p', { class: 'meta' }, 'No candidate was sampled here.');
  const chips = h('div', { class: 'chips' }, now.candidates.map((each, number) => h('button', {
    type: 'button', 'aria-pressed': String(number === chosen), onclick: () => pick(number),
  }, square(each.outcome === 'passed'), each.same === null || each.same === undefined ? `${number + 1}: ${words(each.outcome)}` : `${number + 1}: same as ${each.same + 1}`)));
  const one = now.candidates[chosen];
  const shown = one.same === null || one.same === undefined ? one : now.candidates[one.same] || one;
  const parts = [chips];
  const ran = shown.tests[test];
  if (!ran) {
    parts.push(h('p', { class: 'meta' }, shown.program ? 'It was not run.' : 'No part of it could be run.'), h('pre', {}, coloured(one.text)));
    return h('div', {}, parts);
  }
  if (shown.tests.length > 1) {
    parts.push(h('div', { class: 'chips' }, shown.tests.map((each, number) => h('button', {
      type: 'button', 'aria-pressed': String(number === test), onclick: () => pickTest(number),
    }, square(each.outcome === 'passed'), `test ${number + 1}`)), shown.more ? h('span', { class: 'meta' }, `${shown.more} more`) : null));
  }
  parts.push(h('p', { class: 'case' }, h('code', {}, ran.call), ' ', h('span', { class: `outcome ${ran.outcome === 'passed' ? 'ok' : 'no'}` }, words(ran.outcome)),
    ran.got ? [', gave ', h('code', {}, ran.got)] : null, ran.want && ran.outcome !== 'passed' ? [', expected ', h('code', {}, ran.want)] : null,
    !ran.got && ran.error ? `: ${ran.error}` : null));
  parts.push(drawRun(shown, one, ran));
  return h('div', {}, parts);
};

const drawRun = (shown, one, ran) => {
  const lines = shown.program.replace(/\n+$/, '').split('\n');
  const first = one.text.split('\n').find((line) => line.trim());
  const fresh = first === undefined ? lines.length : lines.lastIndexOf(first);
  const grid = h('div', { class: 'run' });
  lines.forEach((line, number) => {
    const values = ran.lines[number + 1] || [];
    const turns = ran.runs[number + 1];
    const style = `src${fresh >= 0 && number >= fresh ? ' fresh' : ''}${ran.at === number + 1 ? ' at' : ''}`;
    grid.append(h('div', { class: style }, coloured(line || ' ')), h('div', { class: 'vals' },
      turns ? h('span', {}, `${turns}×`) : null, values.map(([name, texts]) => h('span', {}, h('b', {}, name),
        ['returns', 'raises', 'yields', '…'].includes(name) ? ' ' : ' = ', texts.join(' → ')))));
  });
  return grid;
};

const drawRest = (solution, now) => {
  const fold = (title, node) => h('details', { class: 'fold' }, h('summary', {}, title), node);
  return h('div', {},
    now.signal ? fold('The signal, as the model reads it', h('pre', { class: 'wrap' }, now.signal)) : null,
    solution.plain ? fold('What plain decoding wrote', h('pre', {}, coloured(solution.plain))) : null,
    solution.prompt ? fold('Prompt', h('pre', { class: 'wrap' }, solution.prompt)) : null);
};

document.addEventListener('keydown', (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || !['ArrowLeft', 'ArrowRight'].includes(event.key)) return;
  if (event.target.closest?.('input, select, textarea, .browser')) return;
  const inView = ({ root }) => { const box = root.getBoundingClientRect(); return box.bottom > 80 && box.top < innerHeight - 80; };
  const viewer = active && inView(active) ? active : viewers.find(inView);
  if (!viewer) return;
  event.preventDefault();
  viewer[event.shiftKey ? 'token' : 'line'](event.key === 'ArrowLeft' ? -1 : 1);
});

for (const root of document.querySelectorAll('.viewer')) whenNear(root, () => buildViewer(root));
