// Every text whose contrast to what lies behind it is too low, by the formula of WCAG 2.2. Returns sentences.
const parse = (colour) => (colour.match(/[\d.]+/g) || []).map(Number);
const channel = (value) => { value /= 255; return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4; };
const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
const over = (top, below) => { const a = top[3] ?? 1; return [0, 1, 2].map((i) => top[i] * a + below[i] * (1 - a)); };
function behind(node) {
  const layers = [];
  for (let one = node; one; one = one.parentElement) layers.push(parse(getComputedStyle(one).backgroundColor));
  const page = matchMedia("(prefers-color-scheme: dark)").matches ? [0, 0, 0] : [255, 255, 255];
  return layers.reverse().reduce((below, top) => over(top, below), page);
}
function veil(node) {
  let found = 1;
  for (let one = node; one; one = one.parentElement) found *= Number(getComputedStyle(one).opacity);
  return found;
}
const found = new Set();
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const words = walker.currentNode.data.trim(), node = walker.currentNode.parentElement;
  if (!words || !/[\p{L}\p{N}]/u.test(words) || !node.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
  const box = node.getBoundingClientRect(), style = getComputedStyle(node);
  if (box.width < 2 || node.closest("[aria-hidden=true], script, option, [aria-busy=true]")) continue;
  const below = behind(node), ink = parse(style.color);
  const seen = over([...ink.slice(0, 3), (ink[3] ?? 1) * veil(node)], below);
  const [a, b] = [light(seen), light(below)].sort((x, y) => y - x);
  const size = parseFloat(style.fontSize), bold = Number(style.fontWeight) >= 700;
  const wanted = size >= 24 || (bold && size >= 18.66) ? 3 : 4.5;
  const ratio = (a + 0.05) / (b + 0.05);
  if (ratio < wanted) found.add(`${words.slice(0, 40)}: ${ratio.toFixed(2)} instead of ${wanted} (${node.tagName}.${node.className})`);
}
return [...found];
