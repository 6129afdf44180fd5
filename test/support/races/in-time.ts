/** What `work` comes to; fails where it takes longer than `atMost` milliseconds, as what waits for itself does. */
export async function inTime<T>(work: Promise<T>, atMost = 5000): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`still waiting after ${atMost} ms`)), atMost)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}
