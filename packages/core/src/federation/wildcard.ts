/**
 * Whether `text` fits a pattern in which `*` stands for any characters and `?` for one. Case counts. Takes at most
 * pattern times text steps: it goes back to the last `*` only.
 */
export function fitsWildcard(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let resume = 0;
  while (t < text.length) {
    const wanted = pattern[p];
    if (wanted === '*') {
      star = p;
      resume = t;
      p += 1;
    } else if (wanted === '?' || wanted === text[t]) {
      p += 1;
      t += 1;
    } else if (star !== -1) {
      resume += 1;
      t = resume;
      p = star + 1;
    } else return false;
  }
  while (pattern[p] === '*') p += 1;
  return p === pattern.length;
}
