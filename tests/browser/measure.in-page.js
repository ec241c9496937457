/** Runs in the page; WCAG 2.2's relative luminance and contrast ratio. */
;(() => {
  const parse = (text) => {
    const [r = 0, g = 0, b = 0, a = 1] = (text.match(/[\d.]+/g) ?? []).map(Number)
    return [r, g, b, a]
  }
  const over = (top, below) => {
    const mix = (i) => top[i] * top[3] + below[i] * (1 - top[3])
    return [mix(0), mix(1), mix(2), 1]
  }
  const canvas = matchMedia('(prefers-color-scheme: dark)').matches ? [18, 18, 18, 1] : [255, 255, 255, 1]
  const background = (element) =>
    element === null
      ? canvas
      : over(parse(getComputedStyle(element).backgroundColor), background(element.parentElement))
  const luminance = ([r, g, b]) => {
    const part = (value) => (value <= 10.31475 ? value / 3294.6 : ((value / 255 + 0.055) / 1.055) ** 2.4)
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b)
  }
  const faults = []
  for (const element of document.body.querySelectorAll('*')) {
    const { width, height } = element.getBoundingClientRect()
    const style = getComputedStyle(element)
    const text = [...element.childNodes]
      .flatMap((node) => (node.nodeType === Node.TEXT_NODE ? (node.textContent ?? '').trim() : []))
      .join(' ')
      .trim()
    const seen = width > 0 && height > 0 && style.visibility === 'visible'
    if (seen && text !== '' && !['SCRIPT', 'STYLE'].includes(element.tagName)) {
      const behind = background(element)
      const ink = luminance(over(parse(style.color), behind))
      const paper = luminance(behind)
      const ratio = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05)
      if (ratio < 4.5) faults.push(`“${text}” has a contrast of ${ratio.toFixed(2)}`)
    }
    const pressed = ['BUTTON', 'A'].includes(element.tagName) || element.matches('input:not([type=hidden])')
    if (seen && pressed && (height < 44 || width < 44))
      faults.push(`“${text || element.id}” is ${Math.round(width)} × ${Math.round(height)} px`)
  }
  const { scrollWidth, clientWidth } = document.documentElement
  if (scrollWidth > clientWidth) faults.push(`wider than the screen by ${scrollWidth - clientWidth} px`)
  return faults
})()
