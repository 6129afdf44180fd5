import { createSite } from '../../support/app/site'
import { FOREIGN } from './requests'

// The only test of its file: a developer is told once in a process.
it('R74: a developer is told once of a change that is dropped for a request from another site', async () => {
  const warn = jest.spyOn(process, 'emitWarning').mockImplementation()
  const { visitor } = createSite(
    { crossSite: 'anonymous' },
    { '/change': (ctx) => (ctx.session.user = 'eve'), '/look': (ctx) => (ctx.body = ctx.session.user ?? 'nobody') },
  )
  await visitor.post('/look', undefined, FOREIGN)
  expect(warn).not.toHaveBeenCalled()
  for (let time = 0; time < 2; time++) await visitor.post('/change', undefined, FOREIGN)
  expect(warn.mock.calls).toEqual([[expect.stringContaining('another site'), 'SessionWarning']])
  warn.mockRestore()
})
