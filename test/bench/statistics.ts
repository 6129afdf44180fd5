export function median(values: number[]): number {
  return quantile(values, 0.5)
}

/** The value below which so large a part of the values is. */
export function quantile(values: number[], part: number): number {
  const sorted = values.toSorted((one, other) => one - other)
  const place = (sorted.length - 1) * part
  const [low, high] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]]
  return low + (high - low) * (place - Math.floor(place))
}

/** The least-squares slope of y over x. */
export function slope(points: { x: number; y: number }[]): number {
  const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
  const [x0, y0] = [mean(points.map(({ x }) => x)), mean(points.map(({ y }) => y))]
  const covariance = mean(points.map(({ x, y }) => (x - x0) * (y - y0)))
  return covariance / mean(points.map(({ x }) => (x - x0) ** 2))
}
