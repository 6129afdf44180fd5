/** A line of a plot: its points, and its name with what was fitted. */
export interface Series {
  name: string
  points: { x: number; y: number }[]
}

export interface Panel {
  title: string
  xLabel: string
  yLabel: string
  series: Series[]
}

const WIDTH = 520
const HEIGHT = 420
const LEFT = 70
const RIGHT = 20
const TOP = 40
const BOTTOM = 50
const LEGEND_LINE = 18
const COLOURS = ['#0b6bcb', '#c2410c', '#15803d', '#7e22ce']

type Scale = (value: number) => number

/** Plots side by side, with logarithmic axes. */
export function plot(panels: Panel[]): string {
  const legend = Math.max(...panels.map(({ series }) => series.length)) * LEGEND_LINE + 12
  const size = `width="${panels.length * WIDTH}" height="${HEIGHT + legend}"`
  const drawn = panels.map((panel, index) => `<g transform="translate(${index * WIDTH},0)">${draw(panel)}</g>`)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="sans-serif" font-size="12">`,
    '<rect width="100%" height="100%" fill="white"/>',
    ...drawn,
    '</svg>',
  ].join('\n')
}

function draw({ title, xLabel, yLabel, series }: Panel): string {
  const points = series.flatMap((each) => each.points)
  const xs = decades(points.map(({ x }) => x))
  const ys = decades(points.map(({ y }) => y))
  const toX = scale(xs, LEFT, WIDTH - RIGHT)
  const toY = scale(ys, HEIGHT - BOTTOM, TOP)
  return [
    text(WIDTH / 2, 22, title, 'font-size="15" font-weight="bold" text-anchor="middle"'),
    ...xs.map((x) => line([toX(x), TOP], [toX(x), HEIGHT - BOTTOM])),
    ...xs.map((x) => text(toX(x), HEIGHT - BOTTOM + 16, short(x), 'text-anchor="middle"')),
    ...ys.map((y) => line([LEFT, toY(y)], [WIDTH - RIGHT, toY(y)])),
    ...ys.map((y) => text(LEFT - 6, toY(y) + 4, short(y), 'text-anchor="end"')),
    text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, xLabel, 'text-anchor="middle"'),
    text(-(TOP + HEIGHT - BOTTOM) / 2, 16, yLabel, 'text-anchor="middle" transform="rotate(-90)"'),
    ...series.map((each, index) => curve(each, COLOURS[index % COLOURS.length], toX, toY)),
    ...series.map(({ name }, index) => legendOf(name, index)),
  ].join('\n')
}

function curve({ points }: Series, colour: string, toX: Scale, toY: Scale): string {
  const places = points.map(({ x, y }) => [toX(x).toFixed(1), toY(y).toFixed(1)])
  const dots = places.map(([x, y]) => `<circle cx="${x}" cy="${y}" r="3.5" fill="${colour}"/>`)
  const path = places.map((place) => place.join(',')).join(' ')
  return [`<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`, ...dots].join('\n')
}

function legendOf(name: string, index: number): string {
  const y = HEIGHT + 12 + index * LEGEND_LINE
  const colour = COLOURS[index % COLOURS.length]
  return `<rect x="${LEFT}" y="${y - 9}" width="14" height="10" fill="${colour}"/>${text(LEFT + 20, y, name, '')}`
}

/** The powers of ten from below the least value to above the greatest. */
function decades(values: number[]): number[] {
  const first = Math.floor(Math.log10(Math.min(...values)))
  const last = Math.max(first + 1, Math.ceil(Math.log10(Math.max(...values))))
  return Array.from({ length: last - first + 1 }, (_, step) => 10 ** (first + step))
}

function scale(ticks: number[], from: number, to: number): Scale {
  const [low, high] = [Math.log10(ticks[0]), Math.log10(ticks[ticks.length - 1])]
  return (value) => from + ((Math.log10(value) - low) / (high - low)) * (to - from)
}

function line([x1, y1]: number[], [x2, y2]: number[]): string {
  return `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="#ddd"/>`
}

function text(x: number, y: number, content: string, attributes: string): string {
  return `<text x="${x}" y="${y}" ${attributes}>${content.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</text>`
}

function short(value: number): string {
  if (value >= 1e6) return `${value / 1e6}M`
  return value >= 1000 ? `${value / 1000}k` : String(Number(value.toPrecision(3)))
}
