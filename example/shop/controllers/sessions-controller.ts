import { IsString, MaxLength } from 'class-validator'
import { SessionService } from 'koa-session-service'
import { Session } from 'koa-session-service/routing-controllers'
import { Body, Controller, Get, HttpCode, Post, Redirect } from 'routing-controllers'
import { Service } from 'typedi'
import { Happenings } from '../happenings'
import { sessionsPage } from '../pages/sessions-page'
import { areListed, type ShopSession } from '../sessions'
import { Settings } from '../settings'
import { isSignedIn } from './account-controller'

class Revocation {
  @IsString()
  @MaxLength(100)
  handle!: string
}

/** Where the visitor is signed in: every device, with a button each. */
@Service()
@Controller('/sessions')
export class SessionsController {
  constructor(
    private readonly sessions: SessionService<ShopSession>,
    private readonly happenings: Happenings,
    private readonly settings: Settings,
  ) {}

  @Get('/')
  async show(@Session({ required: isSignedIn }) session: Session<ShopSession>): Promise<string> {
    const happened = this.happenings.of(this.sessions.fingerprint())
    // Who is signed in with a session in its cookie, nobody knows.
    const sessions = areListed(this.settings.sessions) ? await this.sessions.list() : undefined
    return sessionsPage(session, { sessions, happened })
  }

  /** A handle that is none, or somebody else's, does nothing. */
  @Post('/revoke')
  @HttpCode(303)
  @Redirect('/sessions')
  async revoke(@Session({ required: isSignedIn }) _session: unknown, @Body() { handle }: Revocation): Promise<void> {
    await this.sessions.revoke(handle)
  }

  @Post('/revoke-others')
  @HttpCode(303)
  @Redirect('/sessions')
  async revokeOthers(@Session({ required: isSignedIn }) _session: unknown): Promise<void> {
    await this.sessions.revokeOthers()
  }
}
