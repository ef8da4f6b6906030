import { startHouse, type House } from '../support/house';
let house: House;
beforeAll(async () => { house = await startHouse(); });
afterAll(() => house.close());
it('introspection flood', async () => {
  const q = `{ ${Array.from({length: 150}, (_, i) => `a${i}: __schema { types { fields { name args { name type { name } } type { name } } } }`).join(' ')} }`;
  const t = performance.now();
  const r = await fetch(house.url + '/graphql', {method:'POST', headers:{'content-type':'application/json'}, body: JSON.stringify({query:q})});
  const text = await r.text();
  console.log(r.status, q.length, text.length, performance.now()-t, text.slice(0,300));
});
