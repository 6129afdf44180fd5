import type { Context, Next } from 'koa'

/**
 * What a page does while it is open: it waits to be told that its session is over, and then shows nothing of the account.
 * Where the connection is lost, it asks itself whether it is signed in still: what happened meanwhile, nobody has told it.
 */
const SCRIPT = `'use strict'

const PAUSE = 3000

function connect() {
  const socket = new WebSocket(location.origin.replace(/^http/, 'ws') + '/live')
  socket.addEventListener('message', showSignedOut)
  socket.addEventListener('close', lookAgain)
}

async function lookAgain() {
  if (document.querySelector('.signed-out')) return
  const status = await fetch('/account', { method: 'HEAD' }).then((answer) => answer.status, () => 0)
  if (status === 401) showSignedOut()
  else setTimeout(connect, PAUSE)
}

function showSignedOut() {
  const link = document.createElement('a')
  link.href = '/sign-in?to=' + encodeURIComponent(location.pathname)
  link.textContent = 'Sign in'
  const line = document.createElement('p')
  line.className = 'signed-out'
  line.setAttribute('role', 'alert')
  line.append('You were signed out on this device. ', link)
  const heading = document.createElement('h1')
  heading.textContent = document.title = 'Signed out'
  document.querySelector('nav').remove()
  document.querySelector('main').replaceChildren(heading, line)
}

connect()
`

/** Serves the script from the site itself: pages have none in their text. It needs no session. */
export async function liveScript(ctx: Context, next: Next): Promise<void> {
  if (ctx.path !== '/live.js') return next()
  ctx.type = 'js'
  ctx.body = SCRIPT
}
