import {
  createWebhook,
  judge,
  mergeWebhook,
  problemOfUrl,
  removeWebhook,
  RETRY_AFTER_MS,
  showSecret,
  signature,
} from '../../../../services/domain/webhook';

test('the example of standardwebhooks.com is signed as its libraries sign it', () => {
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  const body = '{"test": 2432232314}';
  expect(signature(secret, 'msg_p5jXN8AQM9LWM0D4loKWxJek', 1_614_265_330, body)).toBe(
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  );
});

test('a secret is 256 random bits in base64', () => {
  const random = Buffer.alloc(32, 0xfb).toString('base64url');
  expect(Buffer.from(showSecret(random).slice('whsec_'.length), 'base64')).toEqual(Buffer.alloc(32, 0xfb));
});

test.each([
  ['https://hooks.example.org/a?b=c', undefined],
  ['http://10.1.2.3:8080/', undefined],
  ['ftp://example.org/', 'https'],
  ['file:///etc/passwd', 'https'],
  ['https://user:pw@example.org/', 'password'],
  ['nonsense', 'address'],
  [`https://example.org/${'x'.repeat(2_048)}`, 'address'],
])('%.40s', (url, problem) => {
  const told = problemOfUrl(url);
  if (problem === undefined) expect(told).toBeUndefined();
  else expect(told).toContain(problem);
});

test('2xx is taken; anything else and nothing is tried again, a bounded number of times; 410 ends it', () => {
  for (const status of [200, 204, 299]) expect(judge(1, status)).toEqual({ kind: 'delivered' });
  for (const status of [undefined, 199, 302, 404, 429, 500])
    for (const [i, after_ms] of RETRY_AFTER_MS.entries())
      expect(judge(i + 1, status)).toEqual({ kind: 'again', after_ms });
  expect(judge(RETRY_AFTER_MS.length + 1, 500)).toEqual({ kind: 'dead' });
  expect(judge(1, 410)).toEqual({ kind: 'dead' });
});

test('what was removed stays so, in whatever order records come', () => {
  const made = createWebhook(
    { tenant: 't', actor: 'a' },
    { url: 'https://x.org', events: ['alarm', 'alarm'] },
    { id: 'i', secret: 's' },
    5,
  );
  expect(made.events).toEqual(['alarm']);
  const removed = removeWebhook(made, 'b', 7);
  expect(removed).toMatchObject({ removed_at: 7, removed_by: 'b' });
  expect(removeWebhook(removed, 'c', 9)).toBe(removed);
  expect(mergeWebhook(removed, made)).toBe(removed);
  expect([mergeWebhook(made, removed), mergeWebhook(undefined, made)]).toEqual([removed, made]);
});
