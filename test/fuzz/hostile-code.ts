/** Functions `f()` that no good learner has: each has to end in an error. By what they try. */
export const HOSTILE: Readonly<Record<string, string>> = {
  'an endless loop': `
def f():
    while True: pass`,
  'an endless loop that catches everything': `
def f():
    while True:
        try:
            while True: 1 // 0
        except BaseException: pass`,
  'an endless generator': `
def g():
    while True: yield 1
def f(): return sum(g())`,
  'a list that grows while it is read': `
def f():
    xs = [1]
    for x in xs: xs.append(x)`,
  'a dictionary that grows': `
def f():
    d, i = {}, 0
    while True:
        d[i] = (i, i)
        i += 1`,
  'texts that grow': `
def f():
    d, s = {}, ''
    while True:
        s += 'abcdefgh'
        d[s] = 1`,
  'texts that double': `
def f():
    s = 'a'
    while True: s += s`,
  'texts that are cut': `
def f():
    s, xs = 'abcdefgh' * 100000, []
    while True: xs.append(s[1:])`,
  'texts that are joined': `
def f():
    xs = ['a' * 1000] * 100000
    return [' '.join(xs) for _ in range(1000)]`,
  'texts that are replaced': `
def f():
    s = 'a' * 1000000
    return s.replace('a', s)`,
  'texts that are read letter by letter': `
def f():
    s = 'x\\U0001f600' * 1000000
    t = 'y\\U0001f600' * 1000000
    n = 0
    while True:
        n += len(s[5]) + len(t[7])`,
  'texts that are compared': `
def f():
    s, t = 'a' * 4000000, 'a' * 4000000 + 'b'
    n = 0
    while True: n += s < t`,
  'texts that are searched': `
def f():
    s, t = 'a' * 4000000, 'a' * 100000 + 'b'
    while True: t in s`,
  'texts that are counted': `
def f():
    s = 'ab' * 4000000
    while True: len(s)`,
  'texts in lower case': `
def f():
    s = 'AB' * 1000000
    while True: s.lower()`,
  'texts that are split': `
def f():
    s = 'a ' * 2000000
    while True: s.split(' ')`,
  'lists that are reversed': `
def f():
    xs = list(range(1000000))
    while True: xs.reverse()`,
  'lists that are sorted': `
def f():
    xs = list(range(1000000))
    while True: xs.sort()`,
  'lists that are copied': `
def f():
    xs = list(range(100000))
    while True: xs = xs[:]`,
  'lists that are compared': `
def f():
    xs, ys = [0] * 1000000, [0] * 1000000
    while True: xs == ys`,
  'lists whose first items go': `
def f():
    xs = [0] * 1000000
    while True:
        del xs[0]
        xs.append(0)`,
  'lists whose first items come': `
def f():
    xs = []
    while True: xs.insert(0, 1)`,
  'a power of powers': 'def f(): return 9 ** 9 ** 9',
  'ints that are squared': `
def f():
    x = 3
    while True: x *= x`,
  'ints that are divided': `
def f():
    x, y = 3 ** 100000, 7 ** 40000
    while True: x // y, x % y, x / y`,
  'ints that are written': `
def f():
    x = 1 << 200000
    while True: str(x), '%d' % x, f'{x}', hex(x)`,
  'a shift without end': 'def f(): return 1 << 10 ** 12',
  'a text of a trillion': "def f(): return 'a' * 10 ** 12",
  'a list of a trillion': 'def f(): return [0] * 10 ** 12',
  'a tuple of a trillion': 'def f(): return (0,) * 10 ** 12',
  'bytes of a trillion': "def f(): return b'a' * 10 ** 12",
  'bytes(n)': 'def f(): return bytes(10 ** 12)',
  'a sum over a range': 'def f(): return sum(range(10 ** 18))',
  'a list of a range': 'def f(): return list(range(10 ** 18))',
  'a tuple of a range': 'def f(): return tuple(range(10 ** 18))',
  'a set of a range': 'def f(): return set(range(10 ** 18))',
  'a dictionary of a range': 'def f(): return dict.fromkeys(range(10 ** 18))',
  'a range that is unpacked': 'def f(): a, *b = range(10 ** 18)',
  'a range as arguments': 'def f(): return max(*range(10 ** 18))',
  'a range that is sorted': 'def f(): return sorted(range(10 ** 18))',
  'a float in a range': 'def f(): return 0.5 in range(10 ** 18)',
  'max of a range': 'def f(): return max(range(10 ** 18))',
  'any of a range': 'def f(): return all(range(1, 10 ** 18))',
  'maps of maps': `
def f():
    x = range(10 ** 18)
    for i in range(50): x = map(abs, x)
    return list(x)`,
  'a filter that finds nothing': 'def f(): return next(filter(lambda x: False, range(10 ** 18)))',
  'a zip of ranges': 'def f(): return list(zip(range(10 ** 18), range(10 ** 18)))',
  'a width of a billion': "def f(): return f'{1:1000000000}'",
  'a precision of a billion': "def f(): return f'{1.5:.1000000000f}'",
  'a width of a billion by %': "def f(): return '%1000000000d' % 1",
  'a width that is given': "def f(): return '%*d' % (10 ** 9, 1)",
  'a precision by %': "def f(): return '%.1000000000f' % 1.5",
  'format() with a width': "def f(): return '{:>{}}'.format(1, 10 ** 9)",
  ljust: "def f(): return 'a'.ljust(10 ** 12)",
  zfill: "def f(): return 'a'.zfill(10 ** 12)",
  'center of nothing': "def f(): return ''.center(10 ** 12)",
  expandtabs: "def f(): return ('\\t' * 1000).expandtabs(10 ** 9)",
  'an int of a text': "def f(): return int('9' * 10 ** 7)",
  'an int of a text in hexadecimal': "def f(): return int('f' * 10 ** 7, 16)",
  'a float of a text': "def f(): return [float('9' * 10 ** 6) for _ in range(10 ** 6)]",
  'modular powers': `
def f():
    x = 3 ** 10000
    while True: pow(x, x, x + 2)`,
  'deep recursion': 'def f(): return f()',
  'deep recursion through a sort key': `
def f(x=0): return sorted([1, 2], key=f)`,
  'deep recursion through __eq__': `
class A:
    def __eq__(self, other): return [self] == [other]
def f(): return A() == A()`,
  'deep recursion through __getattr__': `
class A:
    def __getattr__(self, name): return getattr(self, name + 'x')
def f(): return A().x`,
  'deep recursion through a property': `
class A:
    @property
    def x(self): return self.x
def f(): return A().x`,
  'deep recursion through __repr__': `
class A:
    def __repr__(self): return repr([self])
def f(): return repr(A())`,
  'deep recursion through __hash__': `
class A:
    def __hash__(self): return hash((self,))
def f(): return {A(): 1}`,
  'deep recursion through __add__': `
class A:
    def __add__(self, other): return self + other
def f(): return A() + 1`,
  'deep recursion through generators': `
def g(): yield from g()
def f(): return list(g())`,
  'deep recursion through __iter__': `
class A:
    def __iter__(self): return iter(self)
def f(): return list(A())`,
  'deep recursion through __call__': `
class A: pass
def f():
    a = A()
    A.__call__ = a
    return a()`,
  'deep recursion through __init_subclass__': `
class A:
    def __init_subclass__(cls):
        class B(cls): pass
def f():
    class C(A): pass`,
  'deep recursion through super': `
class A:
    def f(self): return super().f()
class B(A): pass
def f():
    A.f = B.f
    return B().f()`,
  'deep recursion through isinstance': `
def f():
    t = (int,)
    for i in range(100000): t = (t,)
    return isinstance('x', t)`,
  'repr of nested lists': `
def f():
    x = []
    for i in range(100000): x = [x]
    return repr(x)`,
  'str of nested tuples': `
def f():
    x = ()
    for i in range(100000): x = (x,)
    return str(x)`,
  'equality of nested lists': `
def f():
    x, y = [], []
    for i in range(100000): x, y = [x], [y]
    return x == y`,
  'order of nested tuples': `
def f():
    x, y = (1,), (2,)
    for i in range(100000): x, y = (x,), (y,)
    return x < y`,
  'a key of nested tuples': `
def f():
    x = ()
    for i in range(100000): x = (x,)
    return {x: 1}`,
  'a key of shared tuples': `
def f():
    x = ('a',)
    for i in range(60): x = (x, x)
    return {x: 1}`,
  'equality of shared tuples': `
def f():
    x, y = ('a',), ('a',)
    for i in range(60): x, y = (x, x), (y, y)
    return x == y`,
  'repr of shared tuples': `
def f():
    x = ('a',)
    for i in range(60): x = (x, x)
    return repr(x)`,
  'lists that hold each other': `
def f():
    x, y = [], []
    x.append(y); y.append(x)
    return x == y`,
  'iterators in iterators': `
def f():
    x = iter([1])
    for i in range(100000): x = map(abs, x)
    return list(x)`,
  'chains of bound methods': `
def f(x=None):
    g = f
    for i in range(100000): g = g.__get__(1)
    return g()`,
  'generators in generators': `
def f():
    x = iter([1])
    for i in range(100000): x = (y for y in x)
    return list(x)`,
  'classes of classes': `
def f():
    c = object
    while True: c = type('C', (c,), {})`,
  'a class with many bases': `
def f():
    bases = tuple(type('C', (), {}) for i in range(3000))
    while True: type('D', bases, {})`,
  'many functions': `
def f():
    fs = []
    while True: fs.append(lambda: fs)`,
  'many objects': `
class A:
    def __init__(self): self.x = [1]
def f():
    xs = []
    while True: xs.append(A())`,
  'many exceptions': `
def f():
    xs = []
    while True:
        try: raise ValueError('x', 1)
        except ValueError as e: xs.append(e)`,
  'many generators': `
def g(): yield 1
def f():
    xs = []
    while True: xs.append(g())`,
  'a regular expression that backtracks a little, often': `
import re
def f():
    p, s = re.compile('a*a*b'), 'a' * 99
    while True: p.search(s)`,
  'positions of a match that backtracks': `
import re
def f():
    while True:
        m = re.match('(a|aa)+(b)?', 'a' * 20000)
        m.start(1)`,
  'long regular expressions': `
import re
def f():
    i = 0
    while True:
        re.compile('(?:a|b|c)*' * 2000 + str(i))
        i += 1`,
  'matches that are kept': `
import re
def f():
    return list(re.finditer('', 'a' * 1900000))`,
  'enumerate of zips': `
def f():
    r = range(10 ** 18)
    return list(enumerate(zip(r, r, r)))`,
  'itertools.zip_longest': `
import itertools
def f(): return list(itertools.zip_longest(range(10 ** 18), [1], range(9)))`,
  'itertools.pairwise': `
import itertools
def f(): return list(itertools.pairwise(range(10 ** 18)))`,
  'itertools.combinations': `
import itertools
def f(): return list(itertools.combinations(range(3000), 3))`,
  'itertools.groupby': `
import itertools
def f(): return [(k, list(g)) for k, g in itertools.groupby(range(10 ** 18))]`,
  'itertools.accumulate': `
import itertools
def f(): return list(itertools.accumulate(range(10 ** 18)))`,
  'items of a dictionary': `
def f():
    d = dict.fromkeys(range(100000))
    return [list(d.items()) for _ in range(10 ** 9)]`,
  'a string that is listed': `
def f():
    s = '\\u1234' * 1000000
    return [list(s) for _ in range(10 ** 9)]`,
  'a string that is cut into words': `
def f():
    s = 'ab ' * 1000000
    return [s.split() for _ in range(10 ** 9)]`,
  'lists of floats': `
def f(): return [i * 0.5 for i in range(10 ** 9)]`,
  'lists of ints': `
def f(): return [i * i for i in range(10 ** 9)]`,
  'lists of lists': `
def f(): return [[] for i in range(10 ** 9)]`,
  'lists of dictionaries': `
def f(): return [{} for i in range(10 ** 9)]`,
  'lists of sets': `
def f(): return [{i} for i in range(10 ** 9)]`,
  'lists of iterators': `
def f(): return [iter([]) for i in range(10 ** 9)]`,
  'lists of maps': `
def f(): return [map(abs, zip([1], [2])) for i in range(10 ** 9)]`,
  'lists of slices and ranges': `
def f(): return [(slice(i), range(i)) for i in range(10 ** 9)]`,
  'lists of bound methods': `
class A:
    def m(self): pass
def f():
    a = A()
    return [a.m for i in range(10 ** 9)]`,
  'collections.deque': `
import collections
def f(): return [collections.deque([i], 5) for i in range(10 ** 9)]`,
  'collections.Counter': `
import collections
def f(): return [collections.Counter('abc') for i in range(10 ** 9)]`,
  'a defaultdict': `
import collections
def f():
    d = collections.defaultdict(list)
    for i in range(10 ** 9): d[i].append(i)`,
  'named tuples': `
import collections
P = collections.namedtuple('P', 'x y')
def f(): return [P(i, i) for i in range(10 ** 9)]`,
  dataclasses: `
import dataclasses
@dataclasses.dataclass
class P:
    x: int
    y: list
def f(): return [P(i, []) for i in range(10 ** 9)]`,
  paths: `
from pathlib import Path
def f(): return [Path('a') / 'b' / str(i) for i in range(10 ** 9)]`,
  partition: `
def f():
    s = 'a' * 100000
    return [s.partition('a') for i in range(10 ** 9)]`,
  'formatted texts': `
def f(): return [f'{i:>100}' for i in range(10 ** 9)]`,
  'many keyword arguments': `
def g(**kwargs): return kwargs
def f():
    d = {str(i): i for i in range(100000)}
    xs = []
    while True: xs.append(g(**d))`,
  'many arguments': `
def g(*args): return args
def f():
    a = tuple(range(100000))
    xs = []
    while True: xs.append(g(*a))`,
  'objects with a hash of their own': `
class A:
    def __hash__(self): return 1
    def __eq__(self, other): return self is other
def f():
    d = {}
    while True: d[A()] = 1`,
  'a hostile sort key': `
class A:
    def __lt__(self, other): xs.append(A()); return True
xs = [A() for i in range(10)]
def f(): return sorted(xs, key=lambda x: f())`,
  'a hostile order': `
class A:
    def __lt__(self, other): return True
def f():
    xs = [A() for i in range(100000)]
    while True: xs.sort()`,
  'a list that is sorted while it is sorted': `
xs = list(range(100))
def f(): return xs.sort(key=lambda x: xs.sort(key=lambda y: f()))`,
  'an iterator that never ends': `
class A:
    def __iter__(self): return self
    def __next__(self): return 1
def f(): return list(A())`,
  'a length that lies': `
class A:
    def __len__(self): return 10 ** 30
    def __getitem__(self, i): return i
def f(): return list(reversed(A()))`,
  'a context manager that swallows everything': `
class A:
    def __enter__(self): pass
    def __exit__(self, *a): return True
def f():
    while True:
        with A(): f()`,
  'a finally that goes on': `
def f():
    while True:
        try: return f()
        finally: continue`,
  'products of lists': `
def f(): return [(a, b, c, d) for a in range(1000) for b in range(1000) for c in range(1000) for d in range(1000)]`,
  'sets that are joined': `
def f():
    a = set(range(100000))
    b = set(range(100000, 200000))
    while True: a | b, a & b, a ^ b, a <= b`,
  translate: `
def f():
    s = 'a' * 1000000
    return s.translate({97: 'b' * 1000000})`,
  'count of bytes': `
def f():
    b = b'ab' * 4000000
    while True: b.find(b'c')`,
  'an encoding that grows': `
def f():
    s = '\\u1234' * 4000000
    xs = []
    while True: xs.append(s.encode())`,
  'enumerate of a product': `
def f(): return dict(enumerate(x for x in range(10 ** 18)))`,
  'itertools.count': `
import itertools
def f(): return list(itertools.count())`,
  'itertools.product': `
import itertools
def f(): return len(list(itertools.product(range(1000), repeat=20)))`,
  'itertools.product that is kept': `
import itertools
def f(): return list(itertools.product(range(2000), range(2000)))`,
  'itertools.tee': `
import itertools
def f(): return [itertools.tee(range(9), 50) for _ in range(10 ** 9)]`,
  'generators that are kept': 'def f(): return [(j for j in [1]) for _ in range(10 ** 9)]',
  'functions that are kept': 'def f(): return [lambda: i for i in range(10 ** 9)]',
  'functools.partial': `
from functools import partial
def f(): return [partial(f, i) for i in range(10 ** 9)]`,
  'enumerate that is kept': 'def f(): return list(enumerate(range(10 ** 9)))',
  'itertools.permutations': `
import itertools
def f(): return sum(1 for x in itertools.permutations(range(1000)))`,
  'itertools.cycle': `
import itertools
def f(): return sum(itertools.cycle([1]))`,
  'itertools.repeat': `
import itertools
def f(): return ''.join(itertools.repeat('abc'))`,
  'functools.reduce': `
import functools
def f(): return functools.reduce(lambda a, b: a + a, range(10 ** 18), 'x')`,
  'functools.partial of partials': `
import functools
def f():
    g = f
    for i in range(100000): g = functools.partial(g)
    return g()`,
  'math.factorial': `
import math
def f(): return math.factorial(10 ** 9)`,
  'math.comb': `
import math
def f(): return math.comb(10 ** 9, 5 * 10 ** 8)`,
  'deepcopy of nested lists': `
import copy
def f():
    x = []
    for i in range(100000): x = [x]
    return copy.deepcopy(x)`,
  'a regular expression that is repeated': `
import re
def f():
    s = 'a' * 1000000
    while True: re.sub('a', 'bbbbbbbb', s)`,
  'a regular expression that backtracks': `
import re
def f(): return re.match('(a+)+b', 'a' * 60)`,
  'regular expressions that backtrack': `
import re
def f():
    while True: re.search('a*a*a*b', 'a' * 2000)`,
  'a regular expression whose choices multiply': `
import re
def f(): return re.findall('(x|xx|xxx)*y', 'x' * 5000)`,
  'many regular expressions': `
import re
def f():
    i = 0
    while True:
        re.compile('(a{1,50}){1,50}' + str(i))
        i += 1`,
};

/** Expressions that look for a way out: each is an error, or says nothing of the program around. */
export const ESCAPES: readonly string[] = [
  'f.__globals__',
  'f.__code__',
  'f.__closure__',
  'f.__builtins__',
  'f.constructor',
  'f.__proto__',
  "f['constructor']",
  '().__class__.__bases__[0].__subclasses__()',
  "''.__class__.__mro__[1].__subclasses__()",
  'object.__subclasses__()',
  'type.__subclasses__(object)',
  "getattr(object, '__subclasses__')()",
  'object.__reduce__',
  'object().__reduce_ex__(2)',
  '(1).constructor',
  "'a'.constructor",
  '[].constructor',
  '{}.constructor',
  '{}.__proto__',
  '[].__proto__',
  "getattr([], '__proto__')",
  "getattr('', 'constructor')",
  "[].__getattribute__('__class__').__subclasses__()",
  'f.__class__.__globals__',
  'f.prototype',
  'f.call',
  'f.apply',
  'len.call',
  'len.constructor',
  'len.__self__.__import__',
  "__import__('os')",
  "__import__('os').system('true')",
  "eval('1')",
  "exec('1')",
  "compile('1', 'x', 'eval')",
  "open('/etc/passwd')",
  "input('x')",
  'globals()',
  'locals()',
  'A.__dict__',
  'A().__dict__',
  'A().constructor',
  'A().__proto__',
  'A.hasOwnProperty',
  'A().valueOf',
  'A().__reduce__()',
  'A.__init__.__globals__',
  'A.m.__func__',
  'A().m.__func__.__globals__',
  "'{0.__class__.__subclasses__}'.format(1)",
  "'{0.__globals__}'.format(f)",
  "'{0.constructor}'.format(f)",
  "'{0.__init__.__globals__}'.format(A())",
  "'%(constructor)s' % {}",
  "f'{f.__globals__}'",
  '(x for x in [1]).gi_frame',
  '(x for x in [1]).gi_code',
  "type('X', (), {'__getattribute__': f})().x",
  "type('X', (type,), {})('Y', (), {})",
  'type(f)(f.__code__, {})',
  "setattr(list, 'append', f)",
  "setattr(object, 'x', 1)",
  "setattr(int, '__add__', f)",
  "setattr(len, 'x', 1)",
  "setattr(A(), '__class__', int)",
  "setattr(A(), '__dict__', {})",
  "setattr(f, '__code__', f)",
  "setattr(f, '__globals__', {})",
  "setattr(ValueError, 'x', 1)",
  "delattr(list, 'append')",
  "object.__setattr__(A(), '__class__', int)",
  "{}['constructor']",
  "{}['__proto__']",
  "{}['toString']",
  'toString',
  'constructor',
  '__proto__',
  'hasOwnProperty',
  'globalThis',
  'process',
  'require',
  'Object',
];

/** Names that mean something to JavaScript, as Python may use them. */
export const NAMES: readonly string[] = [
  '__proto__',
  'constructor',
  'prototype',
  'hasOwnProperty',
  'toString',
  'valueOf',
  '__defineGetter__',
  'then',
  'length',
];
