"""Beginnings of the words in which customers ask for a light change, in the languages that the shop is asked in."""


def _beginnings(text: str) -> frozenset[str]:
    return frozenset(text.split())


CART = _beginnings(
    "cart basket bag add put take buy order want get cheaper more fewer less remove without delete drop swap change "
    "warenkorb korb leg kauf nimm nehm bestell will moecht möcht mehr wenig entfern ohne losch lösch raus tausch ander "
    "carrello metti mett aggiung compr prend ordin voglio vorrei tog rimuov senza cambi elimin"
)
CONTACT = _beginnings(
    "address mail email e-mail contact street adresse kontakt strasse straße schick indirizzo spedisc mand contatt"
)
SHIPPING = _beginnings(
    "ship deliver express standard fast cheap collect pick courier method versand liefer schnell guenst günst abhol "
    "spedi consegn rapid econom ritir corriere metodo"
)
COUPON = _beginnings("coupon code voucher promo discount gutschein rabatt aktion buono sconto codice")
IDENTITY = _beginnings(
    "sign log account code mail email e-mail identif verif order orders bestell konto anmeld codice accesso acced ordin"
)
