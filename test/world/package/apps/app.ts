import 'reflect-metadata'
import type { AddressInfo } from 'node:net'
import Koa from 'koa'
import session, { MemoryStore, SessionService } from 'koa-session-service'
import { Session, SessionParam } from 'koa-session-service/routing-controllers'
import { useSessions } from 'koa-session-service/typedi'
import { Controller, Get, useContainer, useKoaServer } from 'routing-controllers'
import { Container, Service } from 'typedi'

declare module 'koa-session-service' {
  interface SessionData {
    views?: number
    user?: string
  }
}

@Service()
@Controller()
class Views {
  constructor(private readonly sessions: SessionService) {}

  @Get('/')
  async show(@Session() visitor: Session, @SessionParam('user') user?: string): Promise<string> {
    await this.sessions.update((fresh) => void (fresh.views = (fresh.views ?? 0) + 1))
    return `${visitor.views} views of ${user ?? 'nobody'}`
  }

  @Get('/in')
  async signIn(@Session() visitor: Session): Promise<string> {
    visitor.user = 'ann'
    return this.show(visitor, visitor.user)
  }

  @Get('/out')
  async signOut(): Promise<string> {
    await this.sessions.destroy()
    return 'bye'
  }
}

const app = new Koa()
app.keys = ['a long random secret']
useSessions(app, { store: new MemoryStore(), owner: ({ user }) => user })
app.use(session({ key: 'other', property: 'other' }, app))
useContainer(Container)
useKoaServer(app, { controllers: [Views] })
const server = app.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))
