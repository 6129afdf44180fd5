declare module 'koa-generic-session'
declare module 'koa-session-minimal'
declare module 'autocannon'
declare module 'express-mysql-session'
