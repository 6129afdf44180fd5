import { IsString, MaxLength } from 'class-validator'
import { SessionService } from 'koa-session-service'
import { Session } from 'koa-session-service/routing-controllers'
import { Body, Controller, Get, HttpCode, Post, QueryParam, Redirect } from 'routing-controllers'
import { Service } from 'typedi'
import { accountPage } from '../pages/account-page'
import { signInPage } from '../pages/sign-in-page'
import type { ShopSession } from '../sessions'
import { Settings } from '../settings'
import { DEMO_USERS, Users } from '../users'

class Credentials {
  @IsString()
  @MaxLength(100)
  name!: string

  @IsString()
  @MaxLength(100)
  password!: string
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
  askForPassword(@Session() session: Session<ShopSession>, @QueryParam('failed') failed?: string): string {
    return signInPage(session, { users: DEMO_USERS, hasFailed: failed !== undefined })
  }

  /** The session moves to a new id before it is trusted, and the cart comes along. */
  @Post('/sign-in')
  @HttpCode(303)
  @Redirect('/')
  async signIn(@Body() { name, password }: Credentials): Promise<string> {
    if (!(await this.users.verify(name, password))) return '/sign-in?failed=1'
    const session = await this.sessions.regenerate()
    // Signed out in another window meanwhile.
    if (!session) return '/sign-in'
    session.user = name
    return '/'
  }

  @Post('/sign-out')
  @HttpCode(303)
  @Redirect('/')
  signOut(): Promise<void> {
    return this.sessions.destroy()
  }
}

function isSignedIn({ user }: ShopSession): boolean {
  return user !== undefined
}
