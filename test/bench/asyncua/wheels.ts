/** asyncua and what it needs, for Python 3.11 on Linux x86-64 (cffi is built for one Python). */
import { type PythonPeer } from '../../support/python-peer';

const wheel = (requirement: string, file: string, sha256: string, bytes: number) => ({
  requirement,
  file,
  sha256,
  bytes,
});

export const ASYNCUA: PythonPeer = {
  folder: 'asyncua-1.1.5',
  title: 'asyncua',
  version: '1.1.5',
  wheels: [
    wheel(
      'aiofiles==25.1.0',
      'aiofiles-25.1.0-py3-none-any.whl',
      'abe311e527c862958650f9438e859c1fa7568a141b22abcd015e120e86a85695',
      14668,
    ),
    wheel(
      'aiosqlite==0.22.1',
      'aiosqlite-0.22.1-py3-none-any.whl',
      '21c002eb13823fad740196c5a2e9d8e62f6243bd9e7e4a1f87fb5e44ecb4fceb',
      17405,
    ),
    wheel(
      'asyncua==1.1.5',
      'asyncua-1.1.5-py3-none-any.whl',
      '53c690a69e82f8e9a82174c7938d8cf2bff79052fe090ed60a505c9e66f56a58',
      774717,
    ),
    wheel(
      'cffi==2.1.1',
      'cffi-2.1.1-cp311-cp311-manylinux2014_x86_64.manylinux_2_17_x86_64.whl',
      '34e261f78cb6ceaaa36f42f2613f4380d94d9c759a9c73c769ee6e0247364632',
      217807,
    ),
    wheel(
      'cryptography==50.0.2',
      'cryptography-50.0.2-cp311-abi3-manylinux_2_34_x86_64.whl',
      '9dab55f57c74c3cad24c323bacbbd04be4705ba6eb0d92e920b1fc4837ed5079',
      4752576,
    ),
    wheel(
      'pycparser==3.12',
      'pycparser-3.12-py3-none-any.whl',
      'a076f3f489b39b43ed13563a1dafe42447445bec2e294154ec5c57fcdda4c85e',
      62600,
    ),
    wheel(
      'pyopenssl==26.4.0',
      'pyopenssl-26.4.0-py3-none-any.whl',
      'f0eb0cb2d581d3ad2b9c489468485e7f2ab6727d08401bcf9d824c3caddf3c1c',
      56026,
    ),
    wheel(
      'python-dateutil==4.0.0',
      'python_dateutil-4.0.0-py3-none-any.whl',
      'a5e246f79eb80475e691bf93862cead98decd8a498cf53ba0516fcdc0f50dc1c',
      92853,
    ),
    wheel(
      'pytz==2026.6',
      'pytz-2026.6-py2.py3-none-any.whl',
      '7fed3fee8fd6bd4a2b7b75a8d56021d0624127bf69bd5691f115db929ac570b3',
      506321,
    ),
    wheel(
      'sortedcontainers==2.4.0',
      'sortedcontainers-2.4.0-py2.py3-none-any.whl',
      'a163dcaede0f1c021485e957a39245190e74249897e2ae4b2aa38595db237ee0',
      29575,
    ),
    wheel(
      'typing-extensions==4.16.0',
      'typing_extensions-4.16.0-py3-none-any.whl',
      '481caa481374e813c1b176ada14e97f1f67a4539ce9cfeb3f350d78d6370c2e8',
      45571,
    ),
    wheel(
      'tzdata==2026.6',
      'tzdata-2026.6-py2.py3-none-any.whl',
      '0a10eec6e13ef16b627fabed9a5f2ba61a62b1c67f327305f4e7e412a70b4aec',
      348210,
    ),
  ],
};
