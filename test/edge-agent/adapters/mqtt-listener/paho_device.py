"""A device by others (paho-mqtt) for the interoperability test. Arguments: what, version (3 or 5), port, CA file or "-".

publish: a message of each QoS, all of them acknowledged before it says so; then it vanishes without a DISCONNECT: its will.
subscribe: a session that is kept, with a subscription to its commands.
resume: the same session again; what it hears it publishes at QoS 2, a thousand higher. Ends when there is no such session.

Prints one line when it has done so; ends with its standard input.
"""

import os
import sys
import threading

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

WHAT, VERSION, PORT, CA = sys.argv[1:5]
WAIT_S = 30
connected = threading.Event()
subscribed = threading.Event()
session_present = False


def on_connect(client, userdata, flags, reason, properties):
    global session_present
    if reason.is_failure:
        sys.exit(f"refused: {reason}")
    session_present = flags.session_present
    connected.set()


def on_subscribe(client, userdata, mid, reasons, properties):
    if not any(r.is_failure for r in reasons):
        subscribed.set()


def on_message(client, userdata, message):
    client.publish("fleet/d/t", str(1000 + float(message.payload)), qos=2)


def connect():
    keeps = WHAT != "publish"
    v5 = VERSION == "5"
    options = {} if v5 else {"clean_session": not keeps}
    protocol = mqtt.MQTTv5 if v5 else mqtt.MQTTv311
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="paho", protocol=protocol, **options)
    client.on_connect, client.on_subscribe, client.on_message = on_connect, on_subscribe, on_message
    client.username_pw_set("d", "token-of-d")
    client.will_set("fleet/d/t", "-1", qos=1)
    if CA != "-":
        client.tls_set(ca_certs=CA)
    expiry = Properties(PacketTypes.CONNECT)
    expiry.SessionExpiryInterval = 3600 if keeps else 0
    more = {"clean_start": not keeps, "properties": expiry} if v5 else {}
    client.connect("127.0.0.1", int(PORT), **more)
    client.loop_start()
    if not connected.wait(WAIT_S):
        sys.exit("no CONNACK")
    return client


client = connect()
if WHAT == "publish":
    sent = [client.publish("fleet/d/t", str(qos + 1), qos=qos) for qos in (0, 1, 2)]
    for message in sent:
        message.wait_for_publish(WAIT_S)
    if not all(message.is_published() for message in sent):
        sys.exit("not acknowledged")
elif WHAT == "subscribe":
    client.subscribe("v1/devices/d/commands/#", qos=1)
    if not subscribed.wait(WAIT_S):
        sys.exit("no SUBACK")
elif not session_present:
    sys.exit("the session is gone")
print(WHAT, flush=True)
sys.stdin.read()
if WHAT == "publish":
    os._exit(0)
client.disconnect()
client.loop_stop()
