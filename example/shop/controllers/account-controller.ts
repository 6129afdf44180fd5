import { IsOptional, IsString, MaxLength } from 'class-validator'
import type { Context } from 'koa'
import { SessionService } from 'koa-session-service'
import { Session } from 'koa-session-service/routing-controllers'
import { Body, Controller, Ctx, Get, HttpCode, Post, QueryParam, Redirect } from 'routing-controllers'
import { Service } from 'typedi'
import { accountPage } from '../pages/account-page'
import { signInPage } from '../pages/sign-in-page'
import type { ShopSession } from '../sessions'
import { Settings } from '../settings'
import { DEMO_USERS, Users } from '../users'
import { seeOther } from './see-other'

class Credentials {
  /** However long: who has typed it sees it again. */
  @IsString()
  name!: string

  @IsString()
  @MaxLength(100)
  password!: string

  /** Where the visitor wanted to go. */
  @IsOptional()
  @IsString()
  @MaxLength(100)
  to?: string
}

@Service()
@Controller()
export class AccountController {
  constructor(
    private readonly users: Users,
    private readonly sessions: SessionService<ShopSession>,
    private readonly settings: Settings,
  ) {}

  /** Answers 401 to visitors who have not signed in. */
  @Get('/account')
  show(@Session({ required: isSignedIn }) session: Session<ShopSession>): string {
    return accountPage(session, this.settings.sessions)
  }

  @Get('/sign-in')
  askForPassword(@Session() session: Session<ShopSession>, @QueryParam('to') to?: string): string {
    return signInPage(session, { users: DEMO_USERS, to: localPath(to) })
  }

  /** With the option "owner", the session has a new token before it is trusted; the cart comes along. */
  @Post('/sign-in')
  async signIn(
    @Body() { name, password, to }: Credentials,
    @Session() session: Session<ShopSession>,
    @Ctx() ctx: Context,
  ): Promise<string | Context> {
    if (await this.users.verify(name, password)) {
      session.user = name
      return seeOther(ctx, localPath(to))
    }
    ctx.status = 422
    return signInPage(session, { users: DEMO_USERS, to: localPath(to), failedName: name })
  }

  @Post('/sign-out')
  @HttpCode(303)
  @Redirect('/')
  signOut(): Promise<void> {
    return this.sessions.destroy()
  }
}

export function isSignedIn({ user }: ShopSession): boolean {
  return user !== undefined
}

/** A path of this site, whatever the query says. */
function localPath(to = '/'): string {
  return /^\/(?![/\\])[\w/-]*$/.test(to) ? to : '/'
}
