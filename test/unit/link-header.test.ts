import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseLinks } from '../../src/paging/link-header.js';

const A = 'https://api.example.com/a?page=2';

test.each([
  ['', []],
  [' , ,', []],
  [`<${A}>; rel="next"`, [[A, ['next']]]],
  [`<${A}>; rel=next`, [[A, ['next']]]],
  [`<${A}>;rel="prev  NEXT"`, [[A, ['prev', 'next']]]],
  [`<${A}>; REL = "next" ; title="a, b; <c>"`, [[A, ['next']]]],
  [`<${A}>; title="say \\"hi\\"; rel=last"; rel=next`, [[A, ['next']]]],
  [`<${A}>; rel="next"; rel="last"`, [[A, ['next']]]],
  [`<${A}>; rel=next;`, [[A, ['next']]]],
  [`<${A}>; crossorigin; rel=next`, [[A, ['next']]]],
  [`<${A}>`, [[A, []]]],
  ['</b?x=1,2;3>; rel=next', [['/b?x=1,2;3', ['next']]]],
  [
    `<${A}>; rel="next", <https://api.example.com/a?page=9>; rel="last"`,
    [
      [A, ['next']],
      ['https://api.example.com/a?page=9', ['last']],
    ],
  ],
  [
    `<${A}>;rel=first,,<?page=3>;rel=next`,
    [
      [A, ['first']],
      ['?page=3', ['next']],
    ],
  ],
  [`<${A}>; rel=next; anchor="/other", <?page=3>; rel=next`, [['?page=3', ['next']]]],
])('reads %s', (text, links) => {
  expect(parseLinks(text)?.map(({ target, rels }) => [target, rels])).toEqual(links);
});

test.each([
  A,
  `<${A}`,
  `<${A}>; rel="next`,
  `<${A}> rel=next`,
  `<${A}>; rel="next" <b>; rel=last`,
  `<${A}>; rel=next, b`,
  `<${A}>; ="next"`,
])('refuses whole what breaks the grammar: %s', (text) => {
  expect(parseLinks(text)).toBeNull();
});

test('finds every target that is written by the grammar', () => {
  const target = fc.string({ unit: fc.constantFrom(...'ab?=&,;"/: ') }).map((text) => text.trim());
  fc.assert(
    fc.property(fc.array(target, { minLength: 1 }), (targets) => {
      const text = targets.map((one, index) => `<${one}>; rel="r${index}"; title="x,y"`).join(', ');
      expect(parseLinks(text)).toEqual(
        targets.map((one, index) => ({ target: one, rels: [`r${index}`] })),
      );
    }),
  );
});
