"""Renders snippets with Jinja2 in the environment of transformers' chat templates and writes snippets.json.

    python make.py            (transformers 5.23.0, jinja2 3.1.6)

Each snippet is rendered with the variables below; where Jinja2 fails, the type of its error is recorded.
"""
import json, pathlib

from transformers.utils.chat_template_utils import _compile_jinja_template

VARS = {
    "s": "  Hello, Wörld!\n", "empty": "", "n": 7, "neg": -7, "f": 2.5, "t": True, "no": None,
    "u": "añ🙂o'\"\\\u0001\u007f\u00a0\u200b", "words": "one  two three ", "csv": "a,b,,c", "html": "<a href='x'>&\"</a>",
    "l": [3, 1, 2], "ls": ["b", "A", "c"], "nested": [[1, 2], [3]], "mixed": [1, "a", None, 2.5, True, {"k": [1]}],
    "d": {"b": 1, "a": 2, "items": "own", "ñ": None}, "ed": {}, "el": [],
    "big": 123456789012345678901234567890, "floats": [0.1, 1e16, 1e-5, 123456.789, 1e15, 100.0, -0.0, 1e300, 3.0e-4],
    "msgs": [
        {"role": "system", "content": "Sys"}, {"role": "user", "content": "Hi", "n": 2},
        {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "f", "arguments": {"x": 1, "y": "é"}}}]},
        {"role": "tool", "content": "r", "n": 1},
    ],
    "lines": "a\n\nb\r\nc\n", "under": "snake_case words", "title": "hello wORLD it's mc-donald (x) o'neil",
}

SNIPPETS = r"""
{{ s }}|
{{ s|trim }}|{{ s.strip() }}|{{ s.lstrip() }}|{{ s.rstrip() }}|{{ s.strip(' H!\n') }}
{{ n }} {{ neg }} {{ f }} {{ t }} {{ no }} {{ u }}
{{ l }} {{ mixed }} {{ d }} {{ nested }} {{ ed }} {{ el }} {{ floats }} {{ big }}
{{ (1,) }} {{ (1, 'a') }} {{ () }} {{ 1, 2 }}
{{ u|tojson }} {{ mixed|tojson }} {{ d|tojson }} {{ floats|tojson }} {{ html|tojson }}
{{ msgs|tojson }}
{{ msgs|tojson(indent=2) }}
{{ d|tojson(indent=4, sort_keys=true) }}
{{ mixed|tojson(separators=(',', ':')) }}
{{ mixed|tojson(indent=2, separators=(',', ' : ')) }}
{{ u|tojson(ensure_ascii=true) }}
{{ ed|tojson(indent=2) }}{{ el|tojson(indent=2) }}{{ [[], {}]|tojson(indent=1) }}
{{ {1: 2, none: 3, true: 4, 1.5: 6}|tojson }}
{{ undefinedvar|tojson }}
{{ l|tojson(indent='\t') }}
{{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 % -3 }} {{ 7 / 2 }} {{ 6 / 2 }} {{ 2 ** 10 }} {{ 2 ** -1 }} {{ 2 ** 100 }} {{ 7.5 // 2 }} {{ -7.5 % 2 }}
{{ 1 + 2 * 3 }} {{ (1 + 2) * 3 }} {{ 2 ** 3 ** 2 }} {{ -2 ** 2 }} {{ 1 - 1 - 1 }}
{{ 'a' ~ 1 ~ none ~ true ~ undefinedvar }}
{{ 1 ~ 2 + 3 }}
{{ '1' ~ 2 * 3 }}
{{ 'a' + 'b' }} {{ [1] + [2] }} {{ (1,) + (2,) }} {{ 'ab' * 3 }} {{ [1] * 2 }} {{ 3 * 'x' }}
{{ 'a' + 1 }}
{{ 1 + 'a' }}
{{ none + 'a' }}
{{ undefinedvar + 'a' }}
{{ undefinedvar }}|
{{ undefinedvar.x is defined }}
{{ undefinedvar.x }}
{{ d.zzz }}|{{ d.zzz is defined }}|{{ d['zzz'] is none }}
{{ d.ñ is none }} {{ d.ñ is defined }} {{ d['ñ'] }} {{ d.a }} {{ d['a'] }} {{ d.get('a') }} {{ d.get('q', 5) }} {{ d.get('q') }}
{{ d.items() }} {{ d.keys()|list }} {{ d.values()|list }} {{ d['items'] }} {{ d|items|list }}
{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}
{% for k in d %}{{ k }};{% endfor %}{% for c in 'añ🙂' %}[{{ c }}]{% endfor %}
{% for x in undefinedvar %}x{% else %}none{% endfor %}
{% for x in none %}x{% endfor %}
{% for x in 5 %}x{% endfor %}
{% for x in l %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }} {% endfor %}
{% for x in l %}{{ loop.previtem }}<{{ x }}>{{ loop.nextitem }}{% endfor %}
{% for x in l if x > 1 %}{{ x }}{{ loop.length }}{% if not loop.last %},{% endif %}{% else %}-{% endfor %}
{% for x in l if x > 10 %}{{ x }}{% else %}nothing{% endfor %}
{% for x in l %}{% if x == 1 %}{% continue %}{% endif %}{{ x }}{% endfor %}{% for x in l %}{% if x == 1 %}{% break %}{% endif %}{{ x }}{% endfor %}
{% for x in l %}{% for y in ls %}{% if y == 'A' %}{% break %}{% endif %}{{ x }}{{ y }}{{ loop.index }}{% endfor %}{{ loop.index }}{% endfor %}
{% for a, b in [[1, 2], [3, 4]] %}{{ a }}-{{ b }} {% endfor %}{% for (a, (b, c)) in [[1, [2, 3]]] %}{{ a }}{{ b }}{{ c }}{% endfor %}
{% for a, b in [[1, 2, 3]] %}{{ a }}{% endfor %}
{% for x in l recursive %}{{ x }}{{ loop.depth }}{% if x == 3 %}({{ loop([8, 9]) }}){% endif %}{% endfor %}
{% for x in l %}{{ loop.cycle('odd', 'even') }}{{ loop.changed(x > 1) }}{% endfor %}
{% set x = 1 %}{% for i in l %}{{ x }}{% set x = i %}{{ x }}{% endfor %}{{ x }}
{% set ns = namespace(x=0, y='a') %}{% for i in l %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }}{{ ns.y }}{{ ns.zzz is defined }}
{% set ns = namespace() %}{% set ns.a = [] %}{% set ns.a = ns.a + [1] %}{{ ns.a }}
{% set d.x = 1 %}
{% set ns = namespace(_x=1) %}
{% if x is defined %}{{ x }}{% endif %}{% set x = 5 %}{% if true %}{% set x = 6 %}{% endif %}{{ x }}
{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set c = 1, 2 %}{{ c }}
{% set x %}a{{ n }}b{% endset %}[{{ x }}]{% set y | upper | trim %} q {% endset %}[{{ y }}]
{% with a = 1, b = n %}{{ a }}{{ b }}{% endwith %}{{ a is defined }}
{% filter upper %}abc{{ s }}{% endfilter %}{% filter replace('a', 'b') | trim %} aa {% endfilter %}
{% macro m(a, b=2, c=n) %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ m(1) }} {{ m(1, 5) }} {{ m(b=3, a=0) }} {{ m() }}
{% macro m(a) %}{{ a }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, 3, x=4) }}
{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}
{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, z=2) }}
{% macro m() %}[{{ caller() }}]{% endmacro %}{% call m() %}body{{ n }}{% endcall %}
{% macro m() %}[{{ caller(5) }}]{% endmacro %}{% call(x) m() %}body{{ x }}{% endcall %}
{% macro outer() %}{% macro inner(x) %}<{{ x }}>{% endmacro %}{{ inner(1) }}{{ inner(2) }}{% endmacro %}{{ outer() }}
{% macro fact(k) %}{% if k <= 1 %}1{% else %}{{ k * (fact(k - 1)|int) }}{% endif %}{% endmacro %}{{ fact(6) }}
{% set y = 1 %}{% macro m() %}{{ y }}{% endmacro %}{% set y = 2 %}{{ m() }}
{{ 'yes' if t else 'no' }} {{ 'yes' if no }}| {{ 'a' if no else 'b' if no else 'c' }}
{{ 1 if 0 }}|{{ (1 if 0) is defined }}
{{ t and n }} {{ no or 'x' }} {{ '' or el or 0 }} {{ 1 and '' }} {{ not t }} {{ not not n }}
{{ 1 < 2 < 3 }} {{ 3 > 2 > 2 }} {{ 1 == 1.0 == true }} {{ 'a' < 'b' }} {{ [1, 2] < [1, 3] }} {{ 1 != 2 }} {{ 'a' == 1 }} {{ none == none }} {{ no == undefinedvar }}
{{ 1 < 'a' }}
{{ undefinedvar < 1 }}
{{ undefinedvar == undefined2 }} {{ undefinedvar != 1 }}
{{ 'a' in 'abc' }} {{ 'z' not in 'abc' }} {{ 1 in l }} {{ 'b' in d }} {{ 'q' in d }} {{ 'x' in undefinedvar }} {{ not 'a' in 'abc' }} {{ '' in 'a' }}
{{ 1 in 'abc' }}
{{ 1 in none }}
{{ l[0] }} {{ l[-1] }} {{ l[5] is defined }} {{ l[1:] }} {{ l[:-1] }} {{ l[::-1] }} {{ l[::2] }} {{ l[5:] }} {{ l[-2:] }} {{ l[:100] }} {{ l[2:1] }}
{{ u[0] }}{{ u[2] }}{{ u[-1]|tojson }} {{ u[1:3] }} {{ u[:-3] }} {{ u[::-1]|tojson }} {{ 'abcdef'[1:5:2] }} {{ 'abc'[-2:] }} {{ 'abc'[10] is defined }} {{ 'abc'[3:1] }}
{{ l['a'] is defined }} {{ l['count'] is defined }} {{ 'abc'['upper']() }} {{ d[l] is defined }}
{{ (1, 2, 3)[1:] }} {{ l.0 }} {{ nested.0.1 }} {{ nested[0][1] }} {{ msgs[2].tool_calls[0]['function'].name }}
{{ msgs[2].tool_calls[0].function.arguments.items()|list }}
{{ l[none:2] }} {{ l[:none] }}
{{ 'a' 'b' "c" }} {{ 'it\'s' }} {{ "q\"q" }} {{ '\n\t\\x' }}| {{ '\u00e9\x41\101\d' }}
{{ '\N' }}
{{ 0x1F }} {{ 0b101 }} {{ 0o17 }} {{ 1_000 }} {{ 1.5e3 }} {{ 1e2 }} {{ 00 }} {{ 1.0 }} {{ 10.50 }}
{{ words.split() }} {{ words.split(' ') }} {{ words.split(none, 1) }} {{ words.split(maxsplit=1) }} {{ words.rsplit(' ', 1) }} {{ words.rsplit(none, 1) }} {{ words.rsplit() }} {{ csv.split(',') }} {{ csv.split(',', 1) }} {{ csv.split('zz') }} {{ csv.rsplit(',', 2) }} {{ ''.split() }} {{ ''.split(',') }} {{ '  a  b  '.split(none, 1) }} {{ '  a  b  '.rsplit(none, 1) }}
{{ 'a</think>b</think>c'.split('</think>')[-1] }} {{ 'a</think>b'.split('</think>')[0].rstrip('\n').split('<think>')[-1].lstrip('\n') }}
{{ csv.split('') }}
{{ s.startswith('  He') }} {{ s.endswith('\n') }} {{ 'abc'.startswith(('x', 'a')) }} {{ 'abc'.startswith('b', 1) }} {{ 'abc'.endswith('b', 0, 2) }} {{ 'abc'.startswith('') }}
{{ s.upper() }}{{ s.lower() }}{{ title.title() }} {{ title|title }} {{ title.capitalize() }} {{ title|capitalize }} {{ title.swapcase() }} {{ 'ßé'.upper() }}
{{ csv.replace(',', ';') }} {{ csv.replace(',', ';', 1) }} {{ csv|replace(',', '') }} {{ csv|replace(',', ';', 2) }} {{ 'abc'.replace('', '-') }} {{ 'abc'.replace('', '-', 2) }} {{ 'aaa'|replace('aa', 'b') }} {{ 5|replace('5', '6') }}
{{ csv.find('b') }} {{ csv.find('z') }} {{ u.find('o') }} {{ csv.rfind(',') }} {{ csv.index('c') }} {{ csv.count(',') }} {{ 'aaa'.count('aa') }} {{ csv.find(',', 2) }} {{ 'ñoño'.rfind('ñ') }} {{ 'ñoño'.find('ñ', 1) }}
{{ csv.index('z') }}
{{ ','.join(['a', 'b']) }} {{ ', '.join(d) }} {{ ''.join([]) }} {{ ls|join }} {{ ls|join('-') }} {{ l|join(', ') }} {{ msgs|join(',', attribute='role') }} {{ d|join('/') }} {{ mixed|join('|') }} {{ undefinedvar|join(',') }}
{{ ','.join([1, 2]) }}
{{ 'abc'.removeprefix('a') }} {{ 'abc'.removesuffix('bc') }} {{ 'abc'.removeprefix('x') }} {{ 'abc'.removesuffix('') }} {{ 'a-b-c'.partition('-') }} {{ 'a-b-c'.rpartition('-') }} {{ 'abc'.partition('-') }} {{ 'abc'.rpartition('-') }}
{{ 'abc'.isalpha() }} {{ '12'.isdigit() }} {{ ''.isdigit() }} {{ 'a1'.isalnum() }} {{ ' \t'.isspace() }} {{ 'abc'.islower() }} {{ 'ABC1'.isupper() }} {{ '12'.isnumeric() }} {{ 'é'.isascii() }} {{ '1.5'.isdecimal() }}
{{ 'ab'.center(7) }}|{{ 'abc'.center(6, '*') }}|{{ 'ab'.ljust(5) }}|{{ 'ab'.rjust(5, '.') }}|{{ '42'.zfill(5) }} {{ '-42'.zfill(5) }} {{ 'ab'|center(9) }}|{{ 'abcd'.center(7, '*') }}
{{ lines.splitlines() }} {{ lines.splitlines(true) }} {{ ''.splitlines() }}
{{ '{} {}'.format(1, 'a') }} {{ '{1} {0}'.format(1, 2) }} {{ '{x}'.format(x=3) }} {{ '{{}}'.format() }} {{ '{:>5}|{:<5}|{:^5}'.format('a', 'b', 'c') }} {{ '{:05.1f}'.format(3.14159) }} {{ '{:,}'.format(1234567) }} {{ '{!r}'.format('a') }} {{ '{:03d}'.format(7) }} {{ '{:x}'.format(255) }} {{ '{:.2%}'.format(0.5) }} {{ '{:g}'.format(1e10) }} {{ '{:.3}'.format('abcdef') }}
{{ '%s-%d' % ('a', 5) }} {{ '%s' % 'x' }} {{ '%5.2f|%-5s|%05d' % (3.14159, 'ab', 42) }} {{ '%(a)s' % {'a': 1} }} {{ '%%' % () }} {{ '%x' % 255 }} {{ '%r' % 'a' }} {{ '%s %s'|format('a', 2) }} {{ '%e' % 12345.678 }} {{ '%g' % 0.0001 }} {{ '%+d' % 5 }} {{ '%s' % l }} {{ '%i' % 3.9 }}
{{ '%s %s' % ('a',) }}
{{ '%d' % 'a' }}
{{ n is odd }} {{ n is even }} {{ n is divisibleby 7 }} {{ n is divisibleby(2) }} {{ n is number }} {{ f is float }} {{ n is integer }} {{ t is boolean }} {{ t is integer }} {{ t is number }} {{ s is string }} {{ l is string }} {{ d is mapping }} {{ l is mapping }} {{ l is iterable }} {{ s is iterable }} {{ n is iterable }} {{ l is sequence }} {{ d is sequence }} {{ no is none }} {{ undefinedvar is none }} {{ undefinedvar is undefined }} {{ no is defined }}
{{ n is eq 7 }} {{ n is equalto(7) }} {{ n is gt 5 }} {{ n is lt(5) }} {{ n is ne 7 }} {{ n is in [7, 8] }} {{ 'a' is in 'abc' }} {{ t is true }} {{ t is false }} {{ 1 is true }} {{ t is sameas true }} {{ no is sameas none }} {{ s is sameas s }} {{ 'abc' is lower }} {{ 'ABC' is upper }} {{ n is not odd }} {{ n is not none and t }} {{ range is callable }} {{ 'upper' is filter }} {{ 'odd' is test }} {{ l is sameas l }}
{{ n is defined and n > 5 }} {{ zz is defined and zz.y }} {{ n is none or t }} {{ (n is odd) and (f is float) }} {{ not n is odd }} {{ n is not defined }} {{ 'x' if n is defined else 'y' }}
{{ n is odd is even }}
{{ l|length }} {{ s|length }} {{ d|length }} {{ u|count }} {{ undefinedvar|length }} {{ el|length }}
{{ n|length }}
{{ none|length }}
{{ l|first }} {{ l|last }} {{ el|first }}| {{ 'abc'|first }} {{ 'abc'|last }} {{ d|first }} {{ el|first is defined }}
{{ l|sort }} {{ ls|sort }} {{ ls|sort(case_sensitive=true) }} {{ l|sort(reverse=true) }} {{ msgs|sort(attribute='role')|map(attribute='role')|list }} {{ d|dictsort }} {{ d|sort }} {{ {'b': 2, 'A': 3}|dictsort(by='value') }}
{{ mixed|sort }}
{{ l|reverse|list }} {{ 'añb'|reverse }} {{ l|sum }} {{ l|max }} {{ l|min }} {{ ls|max }} {{ ls|min }} {{ el|max }}| {{ el|sum }} 
{{ [1, 2]|sum(start=10) }} {{ [{'x': 1}, {'x': 2}]|sum(attribute='x') }} {{ [{'x': 1}, {'x': 2}]|max(attribute='x') }}
{{ l|unique|list }} {{ ['a', 'A', 'b', 'a']|unique|list }} {{ l|batch(2)|list }} {{ l|batch(2, 0)|list }} {{ [1, 2, 3, 4, 5]|slice(3)|list }} {{ [1, 2, 3, 4, 5]|slice(3, 0)|list }}
{{ ls|map('upper')|list }} {{ msgs|map(attribute='role')|list }} {{ msgs|map(attribute='n', default=0)|list }} {{ ls|map('replace', 'b', 'x')|join }} {{ l|map('string')|join('+') }} {{ nested|map('length')|list }}
{{ l|select('odd')|list }} {{ l|reject('odd')|list }} {{ l|select('gt', 1)|list }} {{ l|select('>', 1)|list }} {{ mixed|select|list|length }} {{ msgs|selectattr('role', 'equalto', 'user')|list|length }} {{ msgs|selectattr('n')|list|length }} {{ msgs|rejectattr('n', 'defined')|map(attribute='role')|list }} {{ msgs|selectattr('role', 'in', ['user', 'tool'])|map(attribute='role')|join(',') }} {{ (msgs|selectattr('role', 'eq', 'user')|first).content }}
{{ msgs|selectattr('role', 'eq', 'zzz') is iterable }} {% if msgs|selectattr('role', 'eq', 'zzz') %}true{% endif %} {{ (msgs|selectattr('role', 'eq', 'zzz')|list|length) == 0 }}
{{ (l|map('string'))|length }}
{% set g = l|map('string') %}{{ g|list }}{{ g|list }}
{{ d.items()[0] is defined }} {{ d.items()|length }} {% if ed.items() %}x{% endif %} {{ d.keys()|list|tojson }} {{ d.values() }}
{{ d.items()|tojson }}
{{ undefinedvar|default('x') }} {{ no|default('x') }} {{ ''|default('x', true) }} {{ ''|d('x') }} {{ no|d('y', boolean=true) }} {{ undefinedvar|default }}| {{ d.zz|default('q') }}
{{ '42'|int }} {{ 'x'|int }} {{ 'x'|int(5) }} {{ '3.7'|int }} {{ 3.9|int }} {{ -3.9|int }} {{ '0x1f'|int(base=16) }} {{ '101'|int(0, 2) }} {{ none|int }} {{ ' 12 '|int }} {{ '3.5'|float }} {{ 'x'|float }} {{ '1e3'|float }} {{ 5|float }} {{ t|int }}
{{ 3.14159|round(2) }} {{ 2.5|round }} {{ 3.5|round }} {{ 2.675|round(2) }} {{ 42|round }} {{ 1234|round(-2) }} {{ 2.1|round(0, 'ceil') }} {{ 2.9|round(method='floor') }} {{ 2.123|round(1, 'floor') }}
{{ -5|abs }} {{ -2.5|abs }} {{ neg|abs }} {{ 5|string + 'x' }} {{ l|string }} {{ none|string }} {{ s|string|length }}
{{ html|e }} {{ html|escape }} {{ html|safe }} {{ html|upper }} {{ words|wordcount }} {{ 'a b/c?d=é&f'|urlencode }} {{ {'a b': 1, 'c': 'x/y'}|urlencode }}
{{ lines|indent }}|{{ 'a\nb\n\nc'|indent(2, true) }}|{{ 'a\nb\n\nc'|indent(2, blank=true) }}|{{ 'a\nb'|indent('> ') }}|{{ 'a'|indent }}|{{ ''|indent(2, first=true) }}
{{ 'hello big world'|truncate(10) }} {{ 'hello big world'|truncate(11, true) }} {{ 'hello big world'|truncate(10, false, '…', 0) }} {{ 'short'|truncate(5) }} {{ 'hello big world'|truncate(9, leeway=0) }}
{{ l|attr('zzz') is defined }} {{ 'x'|attr('upper') is callable }} {{ s|trim|upper|lower|title }} {{ '  x '|trim('x ') }} {{ 5|trim }}
{{ l.append(1) }}
{{ d.update({}) }}
{{ d.pop('a') }}
{{ l.append is defined }} {{ ''.__class__ is defined }}|{{ d.__class__ }}
{{ ''.__class__.__mro__ }}
{{ dict(a=1, b=2) }} {{ dict([('x', 1)]) }} {{ dict(d, z=3) }} {{ range(3)|list }} {{ range(1, 10, 3)|list }} {{ range(5, 0, -2)|list }} {{ range(0)|list }} {{ l.index(1) }} {{ l.count(3) }}
{{ range(1000000) }}
{{ raise_exception('no!') }}
{{ raise_exception('x' ~ n) if not t else 'fine' }}
{{ nofunction() }}
{{ n() }}
{{ d.a.b.c }}
{{ d.a.b }}|
{{ s|nofilter }}
{{ html|safe + html }} {{ html + html|safe }} {{ html|safe ~ html }} {{ html|e + html }} {{ html|e|e }} {{ html|forceescape }} {{ html|e|forceescape }}
{{ (html|safe).replace('x', html) }} {{ html|safe|replace('x', html) }} {{ (html|safe).split('=')[0] + '<' }} {{ (html|safe).upper() + '<' }} {{ html|safe|upper + '<' }} {{ html|safe|trim + '<' }} {{ (html|safe)[:3] + '<' }}
{{ ('<%s>'|safe) % html }} {{ '<{}>'|safe|format }} {{ ('<{}>'|safe).format(html) }} {{ (','|safe).join([html, 'a']) }} {{ [html|safe, html]|join('<') }} {{ html|safe * 2 + '<' }} {{ html|safe is escaped }} {{ html is escaped }} {{ (html|safe)|tojson }} {{ html|safe|string + '<' }} {{ html|safe|indent + '<' }} {{ html|safe|length }} {{ html|safe == html }}
{% set x %}{{ html|safe }}{% endset %}{{ x + '<' }} {% macro m() %}<{% endmacro %}{{ m() + '<' }}
{% if no %}{{ s|nofilter }}{{ s is notest }}{% endif %}fine
{% if t %}{{ s|nofilter }}{% endif %}
{% if t %}{% for x in el %}{{ s|nofilter }}{% endfor %}{% endif %}fine
{{ no|selectattr('a')|list }} {{ no|map('upper')|list }} {{ no|reject('odd')|list }} {{ 0|select|list }} {{ ''|map(attribute='x')|list }}
{{ no|sort }}
{{ no|join }}
{{ no|unique|list }}
{{ no|list }}
{{ no|reverse }}
{{ no|first }}
{{ no|sum }}
{{ 5|select|list }}
{{ no|items|list }}
{{ no|indent }}
{{ undefinedvar|items|list }} {{ undefinedvar|sort }} {{ undefinedvar|list }} {{ undefinedvar|sum }} {{ undefinedvar|first is defined }} {{ undefinedvar|trim }}
{{ no|upper }} {{ no|trim }} {{ no|replace('N', 'x') }} {{ no|capitalize }} {{ l|upper }} {{ n|title }}
{{ d|tojson|safe }} {{ (d|tojson)|length }} {{ l|tojson(2) }} {{ l|tojson(true) }} {{ [1.0, 1e20, 1e16, 0.1]|tojson }}
{{ msgs|map(attribute='role')|first }} {{ msgs|map(attribute='tool_calls.0.function.name')|list|last is defined }} {{ nested|map(attribute=0)|list }} {{ nested|map('first')|list }} {{ nested|sum(start=[]) }}
{% set x = l|map('string')|list %}{{ x is sequence }} {{ l|map('string') is sequence }} {{ l|map('string') is iterable }} {{ (l|map('string')) is string }}
{{ l|join(d='-') }} {{ 'x'.join('abc') }} {{ '-'.join(msgs[0]) }} {{ 'a-b'.split('-')|map('upper')|join('_') }} {{ s.split()[0][:-1]|lower }}
{{ 'abc'|list }} {{ 'abc'|sort(reverse=true)|join }} {{ 'cab'|sort|join }} {{ 'abc'|map('upper')|join }} {{ 'hello'|batch(2)|map('join')|list }}
{{ s is notest }}
{% nosuchtag %}
{% if t %}
{{ t
{% for x in l %}{{ x }}
{{ 1 / 0 }}
{{ 1 // 0 }}
{% break %}
{{ [1, 2, }}
{{ {'a': 1, 'b': [1, {'c': 2}]} }} {{ {'a': {'b': 1}}.a.b }} {{ [1, 2,] }} {{ {} }} {{ {'a': 1,} }}
{{ {'x': 1}['x'] }} {{ [1, 2][0] }} {{ 'abc'[0] }} {{ (1, 2)[0] }} {{ 'a'.upper() ~ 'b'.upper() }} {{ ('a' ~ 'b').upper() }}
{{- n -}} x {{- n }} y {{ n -}}   z
  {%- if t %} a {% endif -%}  b
a{#- comment -#} b {# c #} c{#- x #}
{% raw %}{{ not }} {% if %}{% endraw %} after {%- raw -%}  x  {%- endraw -%}  y
{% if t -%}   a   {%- else -%} b {%- endif %} c
{% if no %}1{% elif n == 7 %}2{% elif t %}3{% else %}4{% endif %}{% if no %}1{% else %}5{% endif %}{% if no %}1{% elif no %}2{% endif %}
{% generation %}gen {{ n }}{% endgeneration %} after
{% block b %}x{{ n }}{% endblock %}{% block c scoped %}y{% endblock c %}
{% print n, s %}
{{ 2.0.is_integer() }}
{{ -n|abs }} {{ -(n) }} {{ +n }} {{ - 1 }} {{ n-1 }} {{ 1 -1 }} {{ n - -1 }}
{{ -s }}
{{ not undefinedvar }} {{ undefinedvar or 'x' }} {{ undefinedvar and 'x' }}|{{ undefinedvar|upper }}|{{ undefinedvar|string|length }}
{{ undefinedvar() }}
{{ undefinedvar[0] }}
{{ '' ~ undefinedvar.attr }}
{{ true }} {{ True }} {{ none }} {{ None }} {{ false or False }} {{ true + 1 }} {{ true == 1 }}
{{ d == {'a': 2, 'b': 1, 'items': 'own', 'ñ': none} }} {{ [1, [2]] == [1.0, [2]] }} {{ (1,) == [1] }} {{ 'a' != 'b' }}
{{ msgs[0] }} {{ msgs[-1]['role'] }} {{ msgs[1:][0].role }} {{ msgs|length - 1 }} {{ msgs[::-1][0].role }} {{ (msgs|last).role }} {{ msgs[msgs|length - 1].role }}
{% for m in msgs[1:] if m.role != 'tool' %}{{ loop.index0 }}{{ m['role'] }}{% endfor %}{% for m in msgs[::-1] %}{{ m.role[0] }}{% endfor %}
{% for m in msgs %}{{ m.role }}{% if m.tool_calls is defined %}{% for tc in m.tool_calls %}{% set tc = tc.function %}{{ tc.name }}{{ tc.arguments|tojson }}{% endfor %}{% endif %}{% if m.tool_calls %}T{% endif %}{% if 'tool_calls' in m %}I{% endif %}{% if m['tool_calls'] is not none %}N{% endif %}{% endfor %}
{% set ns = namespace(last=-1) %}{% for m in msgs[::-1] %}{% set index = (msgs|length - 1) - loop.index0 %}{% if ns.last == -1 and m.role == 'user' and m.content is string and not (m.content.startswith('<x>') and m.content.endswith('</x>')) %}{% set ns.last = index %}{% endif %}{% endfor %}{{ ns.last }}
{%- macro render(c) -%}{%- if c is string -%}{{ c }}{%- elif c is iterable -%}{%- for i in c -%}{{ i.text }}{%- endfor -%}{%- endif -%}{%- endmacro -%}{{ render('a') }}{{ render([{'text': 'b'}, {'text': 'c'}]) }}{{ render(none) }}|
{% set loop_messages = msgs[1:] if msgs[0]['role'] == 'system' else msgs %}{% for m in loop_messages %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}bad{% else %}ok{% endif %}{% endfor %}
{{ ns is defined }}{% set ns = namespace(d) %}{{ ns.a }}{{ ns }}
{{ joiner is defined }}{% set j = joiner('; ') %}{% for x in l %}{{ j() }}{{ x }}{% endfor %}
{{ loop is defined }}{% for x in [1] %}{{ loop is defined }}{% endfor %}
{{ 'a' is string and 'b' is string }}{{ 1 is number and 'x' is not number }}
{{ u|length }}{{ u|upper|tojson }}{{ u.split('ñ') }}{{ u|list }}
{{ 'a' if 'b' in 'abc' and not false else 'c' }}{{ ('x', 'y') if t }}{{ 'k' if t and (no or n) else 'z' }}
{{ msgs | map(attribute='content') | select('string') | join(' | ') }}
{{ 'x' * 0 }}|{{ [0] * -1 }}|{{ 1.5 + 1 }}|{{ 0.1 + 0.2 }}|{{ 1e22 }}|{{ 5 % 3.5 }}|{{ 10 ** 20 }}|{{ 9223372036854775807 + 1 }}|{{ 99999999999999999999 }}
{{ '\\' }}{{ "\\n" }}{{ '\'' }}{{ '"' }}
{{ '\u{1}' }}
{{ 'tab\there' }}
{{ d.b if d.b is defined and d.b is number else 'x' }} {{ d['b'] is eq(1) }} {{ d.items is callable }} {{ d.keys()|sort }} {{ d.items()|list|first }}
{{ s[2:]|trim|length }} {{ (s|trim)[0] }} {{ s.strip().split(',')[1].strip()[:-1] }} {{ s|trim|first }} {{ 'a,b'.split(',')|last }}
"""


MULTI = [
    "{% if t %}\n  a\n{% endif %}\n\n{% for x in l %}\n  {{ x }}\n{% endfor %}\nend\n",
    "   {% if t %}\n   indented {{ n }}\n   {% endif %}\n end",
    "x {%+ if t %}\n y{% endif +%}\n z\n   {%+ if t %}q{% endif %}  r",
    "{% for x in l -%}\n  {{ x }}\n{%- endfor %}\n",
    "{% for x in l %}\n{{ x }}\n{% endfor %}\n\n",
    "a\r\nb\rc\n{% if t %}\r\nd{% endif %}\r\n",
    "{# a\n comment #}\n  {# b #}\nx {# c #} y\n",
    "\t{% set x = 1 %}\n \t {{ x }}\n",
    "{{ 'a\\\nb' }}{{ \"multi\nline\" }}",
    "{%- set x -%}\n  body  \n{%- endset -%}\n[{{ x }}]",
    "{#-#}a{#--#} b {#+ c +#}\n d",
    "{% raw %}\n{{ x }}\n{% endraw %}\nafter {%- raw -%}\n  x  {%- endraw -%}\n  y",
    "  {{ n }}\n  {{- n }}\n",
    "{% generation %}\n  a\n{% endgeneration %}\n b",
    "\n\n{%- if t %}\n\n a{% endif %}",
    "{% macro m(a) %}\n<{{ a }}>\n{% endmacro %}\n{{ m(1) }}\n{{ m(2) -}}\n end",
]

out = []
for source in SNIPPETS.strip("\n").split("\n") + MULTI:
    try:
        result = {"text": _compile_jinja_template(source).render(**VARS)}
    except Exception as e:
        result = {"error": type(e).__name__ + ": " + str(e)}
    out.append({"source": source, **result})
here = pathlib.Path(__file__).parent
(here / "snippets.json").write_text(json.dumps({"vars": VARS, "snippets": out}, indent=1, ensure_ascii=True) + "\n")
print(len(out), sum("error" in x for x in out))
