// Every problem: a list to search, and the details of the one that is chosen.
const MARKED = 24;
const FEW = 12;

const buildBrowser = (root) => {
  const data = records(root.dataset.name);
  const problems = data.index.problems.map(([id, marks, piece, place]) => ({
    id, marks, piece, place, good: [...marks].filter((mark) => mark === 'p').length, all: [...marks].filter((mark) => mark !== ' ').length,
  }));
  const list = h('ol', { class: 'list' });
  const detail = h('div', { class: 'detail', 'aria-live': 'polite' });
  const count = h('span', { class: 'meta' });
  const search = h('input', { type: 'search', placeholder: 'problem', 'aria-label': 'search problems' });
  const option = (value, text) => h('option', { value }, text);
  const solved = h('select', { 'aria-label': 'solved' }, option('', 'all problems'), option('all', 'all samples pass'),
    option('some', 'some pass'), option('none', 'none passes'));
  const outcome = h('select', { 'aria-label': 'outcome' }, option('', 'any outcome'),
    data.index.outcomes.map(([mark, name, number]) => option(mark, `${words(name)} (${number})`)));
  const order = h('select', { 'aria-label': 'order' }, option('', 'in order'), option('most', 'most solved first'),
    option('least', 'least solved first'));
  let current = null;

  const open = async (problem, button) => {
    if (current) current.removeAttribute('aria-current');
    current = button;
    button.setAttribute('aria-current', 'true');
    root.classList.add('opened');
    if (problem.piece === undefined) {
      detail.replaceChildren(h('h4', {}, problem.id), h('p', {}, 'There was no room for its programs in this page: they are in the run\'s folder.'));
      return;
    }
    detail.replaceChildren(h('p', { class: 'loading' }, 'opening …'));
    try {
      const found = await data.at(problem.piece, problem.place);
      if (current === button) showProblem(detail, found);
    } catch (error) {
      detail.replaceChildren(h('p', {}, `This problem cannot be shown (${error.message}): a browser of 2023 or newer is needed.`));
    }
  };
  const rows = problems.map((problem) => {
    const marks = problem.all <= MARKED
      ? [...problem.marks].map((mark) => h('i', { class: mark === 'p' ? 'm ok' : mark === ' ' ? 'm gap' : 'm' })) : [];
    const button = h('button', { type: 'button' }, h('span', {}, problem.id),
      h('span', { class: 'marks' }, marks, h('span', { class: 'meta' }, ` ${problem.good}/${problem.all}`)));
    button.addEventListener('click', () => open(problem, button));
    return { problem, node: h('li', {}, button) };
  });
  const refresh = () => {
    const text = search.value.toLowerCase().trim();
    const share = (problem) => problem.good / problem.all;
    const wanted = {
      '': () => true, all: (p) => p.good === p.all, none: (p) => p.good === 0,
      some: (p) => p.good > 0 && p.good < p.all,
    }[solved.value];
    const kept = rows.filter(({ problem }) => problem.id.toLowerCase().includes(text) && wanted(problem)
      && (!outcome.value || problem.marks.includes(outcome.value)));
    if (order.value) kept.sort((a, b) => (order.value === 'most' ? -1 : 1) * (share(a.problem) - share(b.problem)));
    list.replaceChildren(...kept.map(({ node }) => node));
    count.textContent = kept.length === rows.length ? '' : `${kept.length} of ${rows.length}`;
  };
  search.addEventListener('input', refresh);
  for (const choice of [solved, outcome, order]) choice.addEventListener('change', refresh);
  list.addEventListener('keydown', (event) => {
    const step = { ArrowDown: 'nextElementSibling', ArrowUp: 'previousElementSibling' }[event.key];
    const next = step && event.target.closest('li')?.[step];
    if (next) { event.preventDefault(); next.firstChild.focus(); next.firstChild.click(); }
  });
  root.replaceChildren(h('div', { class: 'controls' }, search, solved, outcome, order, count),
    h('div', { class: problems.length <= FEW ? 'panes few' : 'panes' }, list, detail));
  detail.append(h('p', { class: 'loading' }, 'Choose a problem to see its prompt, its programs and the verdict of every test.'));
  refresh();
};

const isCode = (text) => /^\s*(def|class|import|from|async def|@)\b/m.test(text);

const showProblem = (detail, found) => {
  const text = (place) => (place === undefined || place === null ? null : found.texts[place]);
  const view = h('div');
  const chips = h('div', { class: 'chips' });
  const buttons = found.samples.map((sample, number) => {
    const button = h('button', { type: 'button', 'aria-pressed': 'false', title: words(sample.o), onclick: () => choose(number) },
      square(sample.o === 'passed'), sample.l);
    chips.append(button);
    return button;
  });
  const choose = (number) => {
    buttons.forEach((button, place) => button.setAttribute('aria-pressed', String(place === number)));
    view.replaceChildren(showSample(found, found.samples[number], text));
  };
  const prompt = text(found.prompt);
  const repeated = found.samples.some((sample) => prompt && (text(sample.p) || '').startsWith(prompt.trimEnd()));
  detail.replaceChildren(h('h4', {}, found.id),
    prompt === null ? null : h('details', { class: 'fold', open: !repeated && prompt.length < 2500 }, h('summary', {}, 'Prompt'),
      h('pre', { class: 'wrap' }, isCode(prompt) ? coloured(prompt) : prompt)), chips, view);
  detail.scrollTop = 0;
  const failed = found.samples.findIndex((sample) => sample.o === 'passed');
  choose(failed < 0 ? 0 : failed);
};

const showSample = (found, sample, text) => {
  const parts = document.createDocumentFragment();
  const good = sample.o === 'passed';
  const facts = [sample.f && `ended by ${String(sample.f).replaceAll('_', ' ')}`, sample.k !== undefined && `${sample.k} tokens`,
    sample.lp !== undefined && `log-probability ${sample.lp}`, sample.s !== undefined && `ran ${sample.s} s`,
    sample.h !== undefined && `${sample.h ? 'passes' : 'fails'} the shown tests`].filter(Boolean);
  parts.append(h('p', { class: 'case' }, h('span', { class: `outcome ${good ? 'ok' : 'no'}` }, words(sample.o)),
    text(sample.d) && !good ? `: ${text(sample.d)}` : '', ' ', h('span', { class: 'meta' }, facts.join(', '))));
  const same = sample.p === undefined ? [] : found.samples.filter((other) => other !== sample && other.p === sample.p);
  if (same.length) parts.append(h('p', { class: 'meta' }, `the same program as ${same.map((other) => other.l).join(', ')}`));
  const program = text(sample.p);
  if (program) parts.append(h('pre', {}, coloured(program)));
  else parts.append(h('p', { class: 'meta' }, program === null ? 'The run folder does not hold the program.' : 'There is no program.'));
  parts.append(showTests(sample, text));
  if (text(sample.x) !== null) {
    parts.append(h('details', { class: 'fold' }, h('summary', {}, 'As it was written'), h('pre', { class: 'wrap' }, text(sample.x))));
  }
  return parts;
};

const showTests = (sample, text) => {
  if (!sample.n) return h('p', { class: 'meta' }, 'No test was run.');
  const passed = sample.t.filter(([good]) => good).length;
  const untried = sample.n - sample.t.length;
  const strip = h('span', { class: 'marks' }, sample.t.slice(0, 200).map(([good], number) => square(good, `test ${number + 1}`)));
  const parts = h('div', {}, h('p', { class: 'case' }, `${passed} of ${sample.n} tests pass `, strip,
    untried > 0 ? ` ${untried} were not run` : ''));
  const rows = sample.t.map(([good, error, name], number) => [good, text(error), text(name), number])
    .filter(([good, , name]) => !good || name !== null).slice(0, 100);
  if (rows.length) {
    parts.append(h('ol', { class: 'tests' }, rows.map(([good, error, name, number]) => h('li', {}, square(good, good ? 'passed' : 'failed'),
      h('div', {}, h('span', { class: 'meta' }, `test ${number + 1} `), name ? h('code', {}, name) : null, error ? ` ${error}` : '')))));
  }
  return parts;
};

for (const root of document.querySelectorAll('.browser')) whenNear(root, () => buildBrowser(root));
