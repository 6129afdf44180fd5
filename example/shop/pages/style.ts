import { html } from './html'

export const STYLE = html`<style>
  body {
    --ink: #23302b;
    --leaf: #1f5a3d;
    --line: #dfe5df;
    --paper: #f6f7f2;
    --card: #fff;
    --alarm: #fbeae7;
    --on-leaf: #fff;
    margin: 0 auto;
    max-width: 46rem;
    padding: 0 1.25rem 3rem;
    background: var(--paper);
    color: var(--ink);
    font:
      1rem/1.5 system-ui,
      sans-serif;
  }
  header,
  nav,
  .row {
    display: flex;
    align-items: center;
    gap: 1.25rem;
  }
  header,
  .row {
    justify-content: space-between;
    flex-wrap: wrap;
  }
  header {
    padding: 1.25rem 0;
    border-bottom: 1px solid var(--line);
  }
  a {
    color: var(--leaf);
  }
  .brand {
    color: var(--ink);
    font-weight: 700;
    text-decoration: none;
  }
  h1 {
    margin: 2rem 0 1rem;
    font-size: 1.6rem;
  }
  h2 {
    margin: 2rem 0 0.5rem;
    font-size: 1.1rem;
  }
  .cards {
    display: grid;
    grid-template-columns: repeat(auto-fill, minmax(min(18rem, 100%), 1fr));
    gap: 1rem;
  }
  .card {
    margin: 0;
    padding: 1rem 1.25rem;
    border: 1px solid var(--line);
    border-radius: 0.6rem;
    background: var(--card);
    overflow-x: auto;
  }
  .cards p {
    margin: 0.25rem 0 0.75rem;
  }
  table {
    width: 100%;
    border-collapse: collapse;
  }
  th,
  td {
    padding: 0.4rem 0.5rem 0.4rem 0;
    text-align: left;
  }
  .number {
    text-align: right;
    white-space: nowrap;
    font-variant-numeric: tabular-nums;
  }
  label {
    display: block;
    margin-bottom: 0.75rem;
  }
  input {
    display: block;
    box-sizing: border-box;
    width: 100%;
    margin-top: 0.25rem;
    padding: 0.5rem 0.6rem;
    border: 1px solid var(--line);
    background: var(--card);
    color: inherit;
    border-radius: 0.4rem;
    font: inherit;
  }
  button {
    padding: 0.4rem 0.9rem;
    border: 1px solid var(--leaf);
    border-radius: 0.4rem;
    background: var(--leaf);
    color: var(--on-leaf);
    font: inherit;
    white-space: nowrap;
    cursor: pointer;
  }
  .quiet {
    background: none;
    color: var(--leaf);
  }
  .error {
    padding: 0.6rem 0.9rem;
    border-left: 4px solid #b3402e;
    background: var(--alarm);
  }
  nav {
    flex-wrap: wrap;
    gap: 0.75rem 1.25rem;
  }
  .devices td {
    overflow-wrap: anywhere;
  }
  .unseen {
    position: absolute;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  .below {
    margin-top: 1rem;
  }
  ul.card {
    padding-left: 2rem;
  }
  .signed-out {
    padding: 1rem;
    border-radius: 0.4rem;
    background: var(--leaf);
    color: var(--on-leaf);
    text-align: center;
  }
  .signed-out a {
    color: inherit;
    white-space: nowrap;
  }
  td:last-child,
  th:last-child {
    padding-right: 0;
  }
  @media (max-width: 32rem) {
    body {
      padding-inline: 1rem;
    }
    .card {
      padding-inline: 0.9rem;
    }
    .quiet {
      padding-inline: 0.6rem;
    }
    .devices thead {
      position: absolute;
      clip-path: inset(50%);
    }
    .devices tr,
    .devices td {
      display: block;
    }
    .devices td {
      padding: 0.2rem 0;
      text-align: left;
    }
    .devices tr + tr {
      margin-top: 0.75rem;
      padding-top: 0.75rem;
      border-top: 1px solid var(--line);
    }
  }
  @media (prefers-color-scheme: dark) {
    body {
      --ink: #e6ebe6;
      --leaf: #7fc4a0;
      --line: #35433c;
      --paper: #141a17;
      --card: #1d2621;
      --alarm: #43241f;
      --on-leaf: #10201a;
    }
  }
</style>`
