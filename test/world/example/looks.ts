/** What is wrong with how a page looks, as code for the browser: the tests know no DOM. */

/** How many pixels of the page lie to the right of what is seen, in the whole page and in each card. */
export const HIDDEN_WIDTH = `Math.max(
  ...[document.documentElement, ...document.querySelectorAll('.card')].map((box) => box.scrollWidth - box.clientWidth),
)`

/** The buttons whose words are broken over lines. */
export const BROKEN_BUTTONS = `[...document.querySelectorAll('button')]
  .filter((button) => button.clientHeight > 2 * parseFloat(getComputedStyle(button).lineHeight))
  .map((button) => button.innerText)`

/** The texts whose contrast is below 4.5, which is what WCAG 2.2 asks for (1.4.3). */
export const PALE_TEXTS = `(() => {
  const numbers = (color) => color.match(/[\\d.]+/g).map(Number)
  const luminance = (color) => {
    const [red, green, blue] = numbers(color)
      .slice(0, 3)
      .map((value) => value / 255)
      .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  const isSeeThrough = (color) => numbers(color)[3] === 0
  const paperBehind = (element) => {
    const color = element ? getComputedStyle(element).backgroundColor : 'rgb(255, 255, 255)'
    return isSeeThrough(color) ? paperBehind(element.parentElement) : color
  }
  const contrast = (element) => {
    const [one, another] = [getComputedStyle(element).color, paperBehind(element)].map(luminance)
    return (Math.max(one, another) + 0.05) / (Math.min(one, another) + 0.05)
  }
  const hasText = (element) =>
    element.matches('input') || [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim())
  return [...document.body.querySelectorAll('*')]
    .filter((element) => element.tagName !== 'SCRIPT' && hasText(element) && contrast(element) < 4.5)
    .map((element) => element.outerHTML)
})()`
