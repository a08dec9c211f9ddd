// What servers have been seen to answer, and what we make of it. The numbers are those of the list of vectors that the
// parser was specified by; one may have several rows. How each table is read stands in vectors.test.ts.

/**
 * `vector  publish_address, …  => result`, with ` from ` and the seed that answered if it is not
 *          `http://10.0.0.9:9200`.
 * A publish address that is JSON is meant as such. The result is the URL by which the node is reached, then ` | alt `
 * and the address that is used when its name does not resolve; or `skip: ` and a part of the reason.
 */
export const addresses = String.raw`
 1  10.0.0.1:9200  => http://10.0.0.1:9200
 2  10.0.0.1:9200  from https://10.0.0.9:9200  => https://10.0.0.1:9200
 3  es1.internal/10.0.0.1:9200  => http://es1.internal:9200 | alt 10.0.0.1:9200
 4  [2001:db8::1]:9200, [2001:DB8:0:0::1]:9200  => http://[2001:db8::1]:9200
 5  es1/[2001:db8::1]:9200  => http://es1:9200 | alt [2001:db8::1]:9200
 6  [fe80::1%eth0]:9200  => skip: publish_address [fe80::1%eth0]:9200 is scoped
 6  [fe80::1]:9200  => skip: is link-local
 6  es1/[fe80::1%eth0]:9200  => http://es1:9200
 7  [::ffff:10.0.0.1]:9200  => http://10.0.0.1:9200
 7  [::ffff:0.0.0.0]:9200  => skip: wildcard
 8  es1:9200  => http://es1:9200
 9  httpd-1:9200  => http://httpd-1:9200
 9  https-gw/10.0.0.1:9200  => http://https-gw:9200 | alt 10.0.0.1:9200
10  https://es1:9200  => https://es1:9200
10  http://es1:9200  from https://10.0.0.9:9200  => skip: is plain http
10  http://es1:9200  => http://es1:9200
10  ftp://es1:9200  => skip: is neither http nor https
10  https://es1:9200/path  => skip: after its slash
11  es_node_1/172.18.0.3:9200  => http://es_node_1:9200 | alt 172.18.0.3:9200
12  ES1.Internal/10.0.0.1:9200  => http://es1.internal:9200 | alt 10.0.0.1:9200
13  es1/10.0.0.1:443  from https://10.0.0.9:9200  => https://es1:443 | alt 10.0.0.1:443
14  10.0.0.1, [::1], 2001:db8::1  => skip: names no port
14  ""  => skip: it names no publish_address
15  10.0.0.1:0, 10.0.0.1:99999, 10.0.0.1:65536, 10.0.0.1:abc, 10.0.0.1:  => skip: has no port from 1 to 65535
15  10.0.0.1:65535  => http://10.0.0.1:65535
15  :9200  => skip: names no host
16  0.0.0.0:9200  => skip: publish_address 0.0.0.0:9200 is a wildcard, not an address
16  [::]:9200  => skip: publish_address [::]:9200 is a wildcard, not an address
16  255.255.255.255:9200  => skip: reserved
16  224.0.0.1:9200  => skip: multicast
16  169.254.169.254:9200  => skip: link-local
17  127.0.0.1:9200, [::1]:9200, localhost/127.0.0.1:9200  => skip: loopback
17  [::127.0.0.1]:9200  => skip: reserved
17  es1/127.0.1.1:9200  => http://es1:9200
17  127.0.0.1:9201  from http://localhost:9200  => http://127.0.0.1:9201
17  127.0.0.1:9201  from http://127.0.0.1:9200  => http://127.0.0.1:9201
17  es1/127.0.0.1:9201  from http://[::1]:9200  => http://es1:9201 | alt 127.0.0.1:9201
18  inet[/10.0.0.1:9200], 10.0.0.1/10.0.0.2:9200, /10.0.0.1:9200  => http://10.0.0.1:9200
18  inet[es1/10.0.0.1:9200]  => http://es1:9200 | alt 10.0.0.1:9200
19  null  => skip: it names no publish_address
19  9200  => skip: publish_address is not text
39  bücher.example:9200  => http://xn--bcher-kva.example:9200
39  user:canary@es1:9200  => skip: publish_address [redacted]@es1:9200 holds an @
39  es 1:9200, es%2f1:9200, es%31:9200, es1?x:9200, *:9200, es1..internal:9200  => skip: is not a host name
39  10.1:9200, 010.0.0.1:9200, 0x7f000001:9200, 10.0.0.256:9200, １０.0.0.1:9200  => skip: is not a host name
39  "es\u200b1:9200", "es\n1:9200"  => skip: publish_address es�1:9200 is not a host name
39  ${"a".repeat(64)}.example:9200, ${"a.".repeat(126)}aa:9200  => skip: is not a host name
39  ${"a".repeat(600)}:9200  => skip: is too long
`;

/** `vector  roles, …  => whether a node with these roles serves requests`; `absent` if the answer gives none. */
export const roles = `
27  master, master voting_only, cluster_manager, master remote_cluster_client  => no
27  master ml, master cluster_manager  => no
28  master data_hot, cluster_manager data, cluster_manager ingest, cluster_manager search  => yes
28  cluster_manager warm, cluster_manager unknown_future_role  => yes
29  none, absent, unknown_future_role, ml  => yes
31  data, data_content, data_hot, data_warm, data_cold, data_frozen, ingest, ingest remote_cluster_client  => yes
31  search, warm, data search, index search  => yes
31  ml remote_cluster_client, transform, transform remote_cluster_client, remote_cluster_client  => yes
31  data master voting_only, data_frozen master, ingest master, coordinating_only  => yes
31  master transform, master ml remote_cluster_client transform voting_only, cluster_manager remote_cluster_client  => no
`;

/**
 * Whole answers: a sentence, and below it each answer and what is read from it.
 *
 * An answer is `total/successful/failed` of `_nodes`, if it has them, and the nodes as `id=publish_address` or
 * `id=JSON`, those with a `*` dedicated managers; or `body` and a text; or `status` and a number. Before it may stand `
 * from ` and the seed, `map` and the address map, or `indirect`: no published address may be used.
 * Read is the kind of refusal, or the nodes as `id=host:port`, then after `-` the skipped ids and after `!` what was
 * noted.
 */
export const answers = `
15  a bad port harms no neighbour
    3/3/0 a=10.0.0.1:9200 b=10.0.0.2:0 c=10.0.0.3:9200  => a=10.0.0.1:9200 c=10.0.0.3:9200 - b
16  a wildcard can be mapped
    map {"0.0.0.0:9200":"es1:19200"} 1/1/0 a=0.0.0.0:9200  => a=es1:19200
17  what is mapped may be a loopback address
    map {"172.18.0.2:9200":"localhost:9201","ES2":"127.0.0.1"} 2/2/0 a=172.18.0.2:9200 b=es2/172.18.0.3:9200
      => b=127.0.0.1:9200 a=localhost:9201
17  the nearest match of the map wins
    map {"es1":"wrong","10.0.0.1":"wrong","10.0.0.1:9200":"right"} 1/1/0 a=es1/10.0.0.1:9200  => a=right:9200
17  a map cannot lead to a wildcard
    map {"10.0.0.1":"0.0.0.0"} 1/1/0 a=10.0.0.1:9200  => - a
19  nodes without usable http are skipped
    4/4/0 a={} b={"http":null} c={"http":"x"} d=10.0.0.1:9200  => d=10.0.0.1:9200 - a,b,c
20  without a publish address the first routable bound address is taken
    2/2/0 a={"http":{"bound_address":["[::]:9200","127.0.0.1:9200",5,"10.0.0.1:9200","10.0.0.2:9200"]}}
          b={"http":{"publish_address":null,"bound_address":"inet[/10.0.0.3:9200]"}}
      => a=10.0.0.1:9200 b=10.0.0.3:9200
20  a bad publish address is not replaced by a bound one
    1/1/0 a={"http":{"publish_address":"0.0.0.0:1","bound_address":["10.0.0.1:1"]}}  => - a
21  an entry that is no object is skipped
    4/4/0 a=null b="x" c=[] d=10.0.0.1:9200  => d=10.0.0.1:9200 - a,b,c
22  an empty list is refused
    body {"nodes":{}}  => empty
22  a body without a list of nodes is refused
    body {"_nodes":{"total":0,"successful":0,"failed":0}}  => malformed
    body {"nodes":[{"http":{"publish_address":"10.0.0.1:9200"}}]}  => malformed
    body <html>gateway</html>  => malformed
    body {"nodes":{"a":{"http":  => malformed
    body  => malformed
23  401 and 403 are a matter of rights
    status 401  => denied
    status 403  => denied
23  429 and 503 ask for time
    status 429  => overloaded
    status 503  => overloaded
23  a redirect is not followed
    status 302  => malformed
24  failed nodes, numbers that contradict each other and fewer nodes than announced make the answer partial
    2/1/1 a=10.0.0.1:9200  => a=10.0.0.1:9200 ! partial
    1/1/1 a=10.0.0.1:9200  => a=10.0.0.1:9200 ! partial
    2/2/0 a=10.0.0.1:9200  => a=10.0.0.1:9200 ! partial
24  an answer that does not say how complete it is counts as partial
    a=10.0.0.1:9200  => a=10.0.0.1:9200 ! partial
27  dedicated managers are skipped
    3/3/0 c=null b=10.0.0.1:9200* a=10.0.0.2:9200  => a=10.0.0.2:9200 - b,c
29  roles that cannot be read exclude no node
    2/2/0 a={"http":{"publish_address":"10.0.0.1:9200"},"roles":"master"}
          b={"http":{"publish_address":"10.0.0.2:9200"},"roles":["master",7]}
      => a=10.0.0.1:9200 b=10.0.0.2:9200
30  a cluster of managers alone is used
    2/2/0 a=10.0.0.1:9200* b=10.0.0.2:9200*  => a=10.0.0.1:9200 b=10.0.0.2:9200 ! filter ignored
30  managers do not stand in for data nodes whose address is unusable
    2/2/0 a=10.0.0.1:9200* b=0.0.0.0:9200  => - a,b
33  two ids at one address are one target
    2/2/0 b=gw/10.0.0.1:9200 a=gw/10.0.0.1:9200  => a+b=gw:9200
34  two ports of one host are two targets
    2/2/0 a=10.0.0.1:9200 b=10.0.0.1:9201  => a=10.0.0.1:9200 b=10.0.0.1:9201
36  behind a path prefix no node is used directly unless allowed
    from https://gw/es indirect 2/2/0 a=10.0.0.1:9200 b=es2/10.0.0.2:9200  => - a,b
36  behind a path prefix nodes are used if allowed
    from https://gw/es 1/1/0 a=10.0.0.1:9200  => a=10.0.0.1:9200
37  mixed versions are all kept
    2/2/0 a={"http":{"publish_address":"10.0.0.1:9200"},"version":"8.19.0"}
          b={"http":{"publish_address":"10.0.0.2:9200"},"version":"9.0.0"}
      => a=10.0.0.1:9200 b=10.0.0.2:9200
38  ids that name parts of a prototype are ids
    2/2/0 __proto__=10.0.0.1:9200 constructor=10.0.0.2:9200  => __proto__=10.0.0.1:9200 constructor=10.0.0.2:9200
`;

/** `vector  attributes as sent  => as kept`. */
export const attributes = `
31  {"zone":"a"}  => {"zone":"a"}
31  {"rack.1":"r2","rack.0":"r1"}  => {"rack":["r1","r2"]}
31  {"rack.0":"r1"}  => {"rack":["r1"]}
31  {"rack.1":"x"}  => {"rack.1":"x"}
31  {"rack.0":"a","rack.2":"c"}  => {"rack.0":"a","rack.2":"c"}
31  {"rack":"x","rack.0":"r1"}  => {"rack":"x","rack.0":"r1"}
31  {"zone":1,"rack":null,"ok":"x"}  => {"ok":"x"}
38  {"__proto__":"x","constructor":"y"}  => {"__proto__":"x","constructor":"y"}
`;

/**
 * Stories of a membership: a sentence, and below it one answer a line: the second, the node that answered, with a `~`
 * if the answer is partial, the nodes that it lists as `id@host`, and the members after it, absent ones included.
 */
export const memberships = `
24  a node that is missing from partial answers stays until complete ones leave it out
    0 a 1@a 2@b 3@c 4@d  => as listed
    10 b~ 1@a 2@b  => as before
    20 c~ 1@a 2@b 5@e  => 1@a 2@b 3@c 4@d 5@e
    30 a 1@a 2@b 3@c 5@e  => as before
    36 b 1@a 2@b 3@c 5@e  => as listed
24  an absence that one node alone reports, or too quickly, is not believed
    0 a 1@a 2@b 3@c 4@d  => as listed
    1 a 1@a 2@b 3@c  => as before
    5.999 b 1@a 2@b 3@c  => as before
    6 a 1@a 2@b 3@c 4@d  => as listed
    10 a 1@a 2@b 3@c  => as before
    99 a 1@a 2@b 3@c  => as before
    99.001 b 1@a 2@b 3@c  => as listed
24  a partial answer that lists an absent node ends its absence
    0 a 1@a 2@b 3@c 4@d  => as listed
    1 a 1@a 2@b 3@c  => as before
    4 b~ 4@d  => as before
    5 a 1@a 2@b 3@c  => as before
    7 b 1@a 2@b 3@c  => as before
    10 b 1@a 2@b 3@c  => as listed
24  with one other node left, its own two answers are enough
    0 a 1@a 2@b  => as listed
    1 a 1@a  => as before
    6 a 1@a  => as listed
25  an answer without more than half is held until a second node confirms it
    0 a 1@a 2@b 3@c 4@d  => as listed
    10 a 1@a 5@e  => 1@a 2@b 3@c 4@d 5@e, held
    20 a 1@a 5@e  => as before, held
    20.001 e 1@a 5@e  => as listed
25  a second node that still lists the missing ones ends the hold
    0 a 1@a 2@b 3@c 4@d  => as listed
    10 a 1@a  => as before, held
    20 b 1@a 2@b 3@c 4@d  => as listed
    30 a 1@a  => as before, held
    50 a 1@a  => as before, held
25  one node alone is believed after three answers over 30 s
    0 a 1@a 2@b 3@c 4@d  => as listed
    1 a 1@a  => as before, held
    2 a 1@a  => as before, held
    30.999 a 1@a  => as before, held
    31 a 1@a  => as listed
25  two answers are not three, however long they are apart
    0 a 1@a 2@b 3@c 4@d  => as listed
    1 a 1@a  => as before, held
    91 a 1@a  => as before, held
25  answers of one instant are one answer
    0 a 1@a 2@b 3@c 4@d  => as listed
    1 a 1@a  => as before, held
    40 a 1@a  => as before, held
    40 a 1@a  => as before, held
    40 b 1@a  => as listed
25  nodes that join with a held answer do not end the hold
    0 a 1@a  => as listed
    1 x 9@x  => 1@a 9@x, held
    7 x 9@x  => as before, held
    31 x 9@x  => as listed
32  the same id at a new address has moved
    0 a 1@a 2@b 3@c 4@d  => as listed
    1 a 1@a 2@b 3@c 4@e  => as listed
32  a whole cluster may move at once
    0 a 1@a 2@b  => as listed
    1 c~ 1@c 2@d  => as listed
32  while an answer is held no node moves
    0 a 1@a 2@b 3@c 4@d  => as listed
    1 a 4@e  => 1@a 2@b 3@c 4@d 4@e, held
    9 b 1@a 2@b 3@c 4@e  => as listed
32  a new id at a known address is another node
    0 a 1@a 2@b  => as listed
    1 a 1@a 9@b  => as listed
32  two nodes may swap addresses
    0 a 1@a 2@b  => as listed
    1 a 2@a 1@b  => as listed
22  a list without nodes changes nothing
    0 a 1@a  => as listed
    90 a  => as before, held
    180 b  => as before, held
`;

/**
 * Listed nodes that are configured ones: a sentence, and below it the nodes as `name=host/ip:port`, then ` with ` and
 * the seeds, as `host:port`, in brackets what it resolves to, and behind a `#` the name of the node that answered
 * there.
 */
export const seeds = `
35  a number that a seed's name resolves to is the seed
    n1=10.0.0.1:9200 n2=10.0.0.2:9200 with es1:9200(10.0.0.1)#n1  => n1=es1/10.0.0.1:9200 n2=10.0.0.2:9200
35  a name whose number is a seed is the seed
    n1=es1.internal/10.0.0.1:9200 with 10.0.0.1:9200(10.0.0.1)  => n1=10.0.0.1:9200
35  spelling of numbers does not matter
    n1=10.0.0.1:9200 with es1:9200(::FFFF:10.0.0.1,2001:db8::1)  => n1=es1/10.0.0.1:9200
35  another port is another endpoint
    n1=10.0.0.1:9201 with es1:9200(10.0.0.1)  => unchanged
35  another name in the seed's answer is another node
    n1=10.0.0.1:9200 with es1:9200(10.0.0.1)#n2  => unchanged
35  a round-robin name replaces no node, whichever answered last
    n1=10.0.0.1:9200 n2=10.0.0.2:9200 with es:9200(10.0.0.1,10.0.0.2)#n1  => unchanged
35  a round-robin name replaces no node, though one node alone is listed
    n1=10.0.0.1:9200 with es:9200(10.0.0.1,10.0.0.2)#n1  => unchanged
35  two nodes that would take one seed do not
    n1=es1/10.0.0.1:9200 n2=es2/10.0.0.1:9200 with gw:9200(10.0.0.1)#n1  => unchanged
35  a seed that is listed as itself is taken
    n1=es1/10.0.0.1:9200 n2=10.0.0.1:9200 with es1:9200(10.0.0.1)  => unchanged
35  of two seeds that are one node the first gives the address
    n1=10.0.0.1:9200 with es1:9200(10.0.0.1) es1.internal:9200(10.0.0.1)  => n1=es1/10.0.0.1:9200
40  a seed that is not listed is not added, and changes no node
    n1=10.0.0.1:9200 with es9:9200(10.0.0.9)  => unchanged
`;

/** `vector  pinned uuid  cluster_uuid of a probe, as JSON  => verdict`. */
export const identities = `
26  one      "one"           => verified
26  one      "two"           => foreign
26  nothing  "two"           => verified
41  one      "_na_"          => unverified
41  nothing  "_na_"          => unverified
41  one      absent          => unverified
41  one      ""              => unverified
41  one      {"uuid":"one"}  => unverified
41  nothing  "${"x".repeat(10_000)}"  => unverified
`;

/** `vector  status  => what the reason for the operator contains`. */
export const refusals = `
42  401  => does not accept the credentials
42  403  => privilege monitor .* cluster:monitor/nodes/info
`;
