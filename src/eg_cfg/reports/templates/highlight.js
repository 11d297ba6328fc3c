// Python in colour: text goes in, text nodes in spans come out.
const python = new RegExp([
  '(?<co>#[^\\n]*)',
  '(?<st>\\b[rRbBfFuU]{0,2}(?:"""[\\s\\S]*?(?:"""|$)|\'\'\'[\\s\\S]*?(?:\'\'\'|$))|\\b[rRbBfFuU]{0,2}(?:"(?:\\\\.|[^"\\\\\\n])*"?|\'(?:\\\\.|[^\'\\\\\\n])*\'?)|"""[\\s\\S]*?(?:"""|$)|\'\'\'[\\s\\S]*?(?:\'\'\'|$)|"(?:\\\\.|[^"\\\\\\n])*"?|\'(?:\\\\.|[^\'\\\\\\n])*\'?)',
  '(?<fn>(?<=\\b(?:def|class)\\s+)\\w+)',
  '(?<kw>\\b(?:False|None|True|and|as|assert|async|await|break|class|continue|def|del|elif|else|except|finally|for|from|global|if|import|in|is|lambda|match|case|nonlocal|not|or|pass|raise|return|try|while|with|yield)\\b)',
  '(?<nu>\\b(?:0[xXoObB][\\da-fA-F_]+|\\d[\\d_]*\\.?\\d*(?:[eE][+-]?\\d+)?j?)\\b)',
].join('|'), 'g');

const coloured = (text) => {
  const parts = document.createDocumentFragment();
  let end = 0;
  for (const match of text.matchAll(python)) {
    if (match.index > end) parts.append(text.slice(end, match.index));
    const [style] = Object.entries(match.groups).find(([, value]) => value !== undefined);
    parts.append(h('span', { class: style }, match[0]));
    end = match.index + match[0].length;
  }
  parts.append(text.slice(end));
  return parts;
};

for (const block of document.querySelectorAll('pre.py')) {
  const fold = block.closest('details');
  const paint = () => block.replaceChildren(coloured(block.textContent));
  if (fold) fold.addEventListener('toggle', paint, { once: true });
  else paint();
}
