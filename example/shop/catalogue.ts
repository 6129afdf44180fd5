import { NotFoundError } from 'routing-controllers'
import { Service } from 'typedi'

export interface Product {
  id: string
  name: string
  description: string
  /** In cents. */
  price: number
}

export interface CartLine {
  product: Product
  quantity: number
}

const PRODUCTS: Product[] = [
  { id: 'assam', name: 'Assam', description: 'Strong, malty, made for milk', price: 640 },
  { id: 'earl-grey', name: 'Earl Grey & Friends', description: 'Black tea with oil of bergamot', price: 720 },
  { id: 'sencha', name: 'Sencha', description: 'Green, fresh, a hint of the sea', price: 890 },
  { id: 'rooibos', name: 'Rooibos', description: 'Red, mild, good before bed', price: 510 },
]

@Service()
export class Catalogue {
  readonly products = PRODUCTS
  readonly #byId = new Map(PRODUCTS.map((product) => [product.id, product]))

  find(id: string): Product {
    const product = this.#byId.get(id)
    if (!product) throw new NotFoundError('There is no such tea.')
    return product
  }

  /** The lines of a cart, in the catalogue's order. */
  linesOf(cart: Record<string, number> = {}): CartLine[] {
    return PRODUCTS.filter(({ id }) => cart[id]).map((product) => ({ product, quantity: cart[product.id] }))
  }
}
