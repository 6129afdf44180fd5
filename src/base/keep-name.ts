/** Gives a class its name, for errors and traces: a bundler that makes code small renames it. */
export function keepName(type: abstract new (...args: never[]) => object, name: string): void {
  Object.defineProperty(type, 'name', { value: name, configurable: true })
}
