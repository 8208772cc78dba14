/**
 * Makes `now` look like `wanted` while its elements stay the same ones, so that focus, selection and a playing video
 * are kept. What the reader opened stays open; a video is exchanged only for another video.
 * @param {Element} now
 * @param {Element} wanted
 */
export function morph(now, wanted) {
  if (now.isEqualNode(wanted)) return;
  if (now.tagName !== wanted.tagName) return void now.replaceWith(wanted);
  if (now instanceof HTMLVideoElement && now.getAttribute('src') === wanted.getAttribute('src')) return;
  // The text of a moment is counted here, not there.
  const isSameTime =
    now.tagName === 'TIME' && now.getAttribute('datetime') === wanted.getAttribute('datetime');
  if (isSameTime) return;
  morphAttributes(now, wanted);
  morphChildren(now, wanted);
}

/**
 * @param {Element} now
 * @param {Element} wanted
 */
function morphAttributes(now, wanted) {
  const kept = now instanceof HTMLDetailsElement ? ['open'] : ['hidden'];
  for (const { name } of [...now.attributes]) {
    if (!wanted.hasAttribute(name) && !kept.includes(name)) now.removeAttribute(name);
  }
  for (const { name, value } of wanted.attributes) {
    if (now.getAttribute(name) !== value) now.setAttribute(name, value);
  }
}

/**
 * @param {Element} now
 * @param {Element} wanted
 */
function morphChildren(now, wanted) {
  const old = [...now.childNodes];
  const fresh = [...wanted.childNodes];
  for (const [n, child] of fresh.entries()) {
    const before = old[n];
    if (before === undefined) now.append(child);
    else if (before instanceof Element && child instanceof Element) morph(before, child);
    else if (before.nodeType === child.nodeType) before.nodeValue = child.nodeValue;
    else before.replaceWith(child);
  }
  for (const rest of old.slice(fresh.length)) rest.remove();
}
