import 'koa-session-service'

declare module 'koa-session-service' {
  interface SessionData {
    views?: number
    [key: string]: unknown
  }
}
