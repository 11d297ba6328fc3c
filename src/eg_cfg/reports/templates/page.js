// Nodes are made with text, never with markup: whatever a model wrote stays text.
const h = (tag, props = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === 'class') node.className = value;
    else if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
};

const said = {
  passed: 'passed', wrong_answer: 'wrong answer', exception: 'exception', timeout: 'timeout', memory: 'out of memory',
  output_limit: 'too much output', syntax_error: 'syntax error', no_code: 'no code', killed: 'killed', tampered: 'tampered',
};
const words = (outcome) => (Object.hasOwn(said, String(outcome)) ? said[outcome] : String(outcome || 'not run').replaceAll('_', ' '));
const square = (good, title) => h('i', { class: good ? 'm ok' : 'm', title });

// Characters that nobody sees, but that turn the text around them about, are named.
const unseen = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]|\p{Surrogate}/gu;
const seen = (_, value) => (typeof value === 'string' ? value.replace(unseen, (one) =>
  `⟨U+${one.codePointAt(0).toString(16).toUpperCase().padStart(4, '0')}⟩`) : value);
const parsed = (text) => JSON.parse(text, seen);

const records = (name) => {
  const opened = new Map();
  return {
    index: parsed(document.getElementById(`${name}-index`).textContent),
    async at(piece, place) {
      if (!opened.has(piece)) {
        opened.set(piece, (async () => {
          const text = atob(document.getElementById(`${name}-${piece}`).textContent);
          const bytes = Uint8Array.from(text, (char) => char.charCodeAt(0));
          const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
          return parsed(await new Response(stream).text());
        })());
      }
      return (await opened.get(piece))[place];
    },
  };
};

// What is far below is built when it comes near, so that a large report opens at once.
const whenNear = (node, build) => {
  if (!('IntersectionObserver' in window)) { build(); return; }
  const observer = new IntersectionObserver((entries) => {
    if (entries.some((entry) => entry.isIntersecting)) { observer.disconnect(); build(); }
  }, { rootMargin: '800px' });
  observer.observe(node);
};

const themes = ['auto', 'light', 'dark'];
const themeButton = document.getElementById('theme');
const setTheme = (theme) => {
  if (theme === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  themeButton.textContent = `theme: ${theme}`;
  try { localStorage.setItem('eg-cfg-theme', theme); } catch { /* a file may have no storage */ }
};
let theme = 'auto';
try { theme = localStorage.getItem('eg-cfg-theme') || 'auto'; } catch { /* as above */ }
setTheme(themes.includes(theme) ? theme : 'auto');
themeButton.hidden = false;
themeButton.addEventListener('click', () => {
  const now = document.documentElement.dataset.theme || 'auto';
  setTheme(themes[(themes.indexOf(now) + 1) % themes.length]);
});
