# ruff: noqa: E501 (a row of the table is one line)
"""What people hold opinions about: both sides of each subject, with reasons.

A row holds the subject, the motion, the stances for it, their reasons, the stances against it and
their reasons; a slash parts the phrasings. Stances are clauses, reasons are sentences.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a subject."""

    stances: tuple[str, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Subject:
    """Something one can be for or against."""

    name: str
    motion: str
    favour: Side
    against: Side

    def side(self, *, favour: bool) -> Side:
        """Return the one side or the other."""
        return self.favour if favour else self.against


def _subject(row: tuple[str, str, str, str, str, str]) -> Subject:
    name, motion, *sides = row
    parts = [tuple(text.split(" / ")) for text in sides]
    return Subject(name, motion, Side(parts[0], parts[1]), Side(parts[2], parts[3]))


_ROWS = (
    ("free trade", "Trade should be free", "free trade makes a nation rich / goods should cross borders without a tax", "What is cheap abroad need not be made dear at home. / Nations that buy from each other do not fight. / The poor eat cheaper bread by it.", "free trade ruins the small workshop / a nation must guard its own goods with a tax", "The weaver at home starves while the foreign weaver is paid. / In war we cannot eat what we do not grow. / Only the merchant gains by it."),
    ("war", "War is never just", "war is never just / no war has ever been worth its dead", "The dead do not care which flag won. / The men who make wars do not fight in them. / Each war sows the seed of the next.", "a war can be just / there are times when a people must fight", "A people that will not defend its homes will lose them. / Chains are worse than wounds. / Some tyrants understand nothing but cannon."),
    ("machines", "Machines help the worker", "machines set the worker free / the machine is a friend of the poor", "It carries the loads that broke our backs. / One hand now does what ten hands did. / Shirts and pots have become cheap through it.", "machines make slaves of men / the machine takes the bread from the worker", "A child who tends a wheel learns nothing. / The owner is paid and the weaver is sent home. / Work done by iron has no soul in it."),
    ("schools for all", "Every child should go to school", "every child should go to school / schooling must be free for all", "A boy who can read cannot be cheated. / Talent is born in cottages as often as in castles. / It costs less to teach than to punish.", "not every child needs a school / too much schooling spoils a child for work", "A farm boy learns more in the field. / Schools fill heads and empty hands. / Children forget within a year what bored them."),
    ("the rights of women", "Women should vote", "women should vote / a woman has the right to a say in the state", "She pays the tax and obeys the law like any man. / Half of mankind cannot speak for the whole. / I have met few men as wise as my grandmother.", "women should not vote / the state is no concern of women", "The household would be torn by it. / Politics makes all it touches coarse. / They rule us already from the kitchen."),
    ("religion", "Religion does good", "religion makes men better / without faith a people falls apart", "It comforts those whom nobody else will comfort. / The oath means nothing to a man who fears no judge. / Our best songs and towers were made by faith.", "religion does more harm than good / faith is a chain for the mind", "It forbids the very questions that matter. / More blood was shed for altars than for gold. / A man should do right without hope of reward."),
    ("railways", "Railways are a blessing", "the railways are a blessing / the railway brings towns together", "Fish from the coast is fresh in the city by noon. / A poor man can now visit his mother. / Letters arrive in a day.", "the railways are a curse / the railway spoils the land", "Smoke lies on every meadow. / Men hurry now without knowing why. / The inns on the old road stand empty."),
    ("city life", "It is better to live in a city", "it is better to live in a city / city life sharpens the mind", "One meets more ideas in a street than in a county. / There are books, music and doctors at hand. / Nobody there asks whose son you are.", "it is better to live in the country / city life makes men ill", "The air there is soot and the water is worse. / Among so many people one is alone. / No one knows the names of trees there."),
    ("money", "Money makes men happy", "money makes men happy / it is good to be rich", "Want is the mother of most quarrels. / With a full purse one can help others. / A man without debts sleeps well.", "money makes nobody happy / riches are a burden", "He who has much fears much. / I have seen more laughter in huts than in halls. / One cannot buy a friend."),
    ("hunting", "Hunting should be allowed", "hunting is a good custom / a man may hunt without shame", "It teaches patience and a steady hand. / The fields would be eaten bare by deer. / Every creature lives on some other.", "hunting is cruel / no one should kill for pleasure", "The hare feels pain as we do. / He who is hard to beasts is hard to men. / There is no honour in a fight with the weak."),
    ("wine", "Wine does good", "a little wine does good / wine is one of the good gifts of the earth", "It loosens the tongue and warms the heart. / Old doctors gave it to the sick. / A feast without it is only a meal.", "wine does nothing but harm / a wise man drinks no wine", "I have seen it ruin a good family. / It promises strength and gives sleep. / The head is never clear the next day."),
    ("tobacco", "Tobacco is harmless", "tobacco is harmless / a pipe helps a man to think", "It calms the nerves after work. / My grandfather smoked and lived to be ninety. / Two men who smoke together seldom quarrel.", "tobacco is a poison / smoking is a foul habit", "It turns the teeth yellow and the breath short. / A man who cannot stop is not free. / One burns money and breathes the ash."),
    ("doctors", "One should trust doctors", "one should trust the doctors / medicine has made great steps", "They saved my own child from fever. / Clean hands have done more than prayers. / They learn from every patient.", "one should not trust the doctors / doctors kill as many as they cure", "They bleed the weak and bill the dead. / Most ills go away by themselves. / Each of them says something different."),
    ("kings", "A nation needs a king", "a nation needs a king / a crown keeps a people together", "One head decides faster than five hundred. / He need not flatter the crowd to be elected. / It takes a long reign to finish long works.", "a nation needs no king / the people should rule themselves", "No one is wise because his father was. / A bad king cannot be sent home. / The crown costs more than it gives."),
    ("the death penalty", "The death penalty should end", "no state should put a man to death / the gallows should be pulled down", "A mistake can then never be mended. / It teaches the crowd to like blood. / Even a thief may change his life.", "murder must be paid for with death / the gallows should remain", "The dead cry for justice. / Fear of the rope keeps the knife in its sheath. / A cell is too mild for a murderer."),
    ("poetry", "Poetry is useful", "poetry is as needful as bread / a people without poets is dumb", "It says what cannot be said otherwise. / A good verse stays when the sermon is forgotten. / It teaches us to look twice.", "poetry is a waste of time / verses are of no use", "One can say the same more shortly in prose. / Poets sigh while others work. / No verse has ever filled a stomach."),
    ("music", "Music is the highest art", "music is the highest of the arts / music speaks where words fail", "It needs no language and crosses every border. / The sick lie quieter when they hear it. / It orders the heart as sums order the head.", "music is only a pleasant noise / music makes men soft", "It stirs up feelings and leaves no thought. / When the tune ends nothing remains. / The fiddler drinks and his children go hungry."),
    ("old age", "Old age is a blessing", "old age is a blessing / the late years are the best", "One need no longer please anybody. / The passions sleep and the mind is awake. / One sees how the story ends.", "old age is a misery / to grow old is a sad thing", "One buries one friend after another. / The legs refuse and the eyes grow dim. / The young no longer listen."),
    ("solitude", "It is good to be alone", "it is good to be alone / solitude is the school of thought", "Only in silence does a thought grow to its end. / Company takes more than it gives. / I have never been bored by myself.", "it is not good to be alone / solitude makes men strange", "Without contradiction one believes every folly. / A joy that is not shared is half a joy. / The mind turns in circles like a mill."),
    ("gold", "Gold is a sound money", "gold is the only sound money / a coin should be worth its metal", "No minister can print it. / It does not rot and does not burn. / All nations accept it.", "gold is a foolish money / paper serves as well as gold", "One cannot eat it or plough with it. / Men die in mines for a yellow stone. / Trade grows and the gold does not."),
    ("strict laws", "Laws should be strict", "the laws should be strict / mercy breeds crime", "Where the fence is low the thief steps over it. / A rule that bends is no rule. / The honest man has nothing to fear.", "the laws should be mild / harsh laws make bad men", "Nobody grew honest in a dungeon. / Hunger steals, and hunger is no crime. / A judge should look at the man and not only at the deed."),
    ("travel", "Travel makes men wise", "travel makes men wise / everyone should see foreign lands", "Abroad one learns how strange home is. / The sea washes the dust from the mind. / One comes back with fewer certainties.", "travel makes nobody wise / it is better to stay at home", "One carries the same head to every shore. / Whoever knows his own village knows the world. / The inns are bad and the guides lie."),
    ("newspapers", "Newspapers do good", "the newspapers do good / a free press guards the people", "The powerful fear nothing so much as print. / A farmer knows today what a minister did yesterday. / What is hidden rots.", "the newspapers do harm / the press poisons the people", "They print today what they deny tomorrow. / Whoever pays for the ink writes the news. / They make us angry at men whom we never met."),
    ("chess", "Chess trains the mind", "chess trains the mind / chess is the noblest of games", "There is no luck in it to blame. / It teaches one to think of the other man. / An hour at the board is worth a sermon.", "chess is a waste of the mind / chess is a dull game", "One grows clever at nothing but chess. / Old friends have parted over it. / It is work without wages."),
    ("dogs", "Dogs are better than cats", "a dog is a better friend than a cat / nothing is so faithful as a dog", "It comes when it is called and stays when it is not. / It has never asked what I earn. / It guards the house at night.", "a cat is a better friend than a dog / a dog is a noisy slave", "A cat is clean and asks for little. / I like a creature that does not flatter. / The mice have left since she came."),
    ("the theatre", "The theatre improves us", "the theatre improves us / a good play teaches more than a sermon", "We see our own faults on another man. / Laughter cures what blame cannot. / Rich and poor weep there together.", "the theatre corrupts us / plays are a school of lies", "Men who feign tears all night cannot weep by day. / The young learn there how to deceive. / It is smoke and paint and nothing more."),
    ("factories", "Factories are good for a town", "a factory is good for a town / the factories give bread to thousands", "Where one stands the roads are mended. / Wages are paid every week, rain or shine. / Young people need no longer go away.", "a factory is bad for a town / the factories eat our children", "The river runs black below it. / At forty the hands are old. / All is well until it shuts its gate."),
    ("debt", "One should never borrow", "one should never borrow / debt is a kind of slavery", "The lender sits at your table though you do not see him. / Who owes must smile at fools. / Interest never sleeps.", "one may well borrow / debt is a good servant", "No ship was ever built from savings. / What one earns with it pays it back. / Idle money helps nobody."),
    ("discipline", "Children need the rod", "children need a firm hand / a child who is never punished grows wild", "A young tree must be tied to a stake. / They thank us for it later. / The world will not be gentle with them.", "children should never be beaten / kindness teaches a child better than the rod", "Fear teaches only lying. / I learned nothing from the cane but hate. / What is loved is learned."),
    ("science", "Science will make us happy", "science will make us happy / science is our best guide", "It asks and does not command. / It has banished plagues and lit the streets. / It admits when it has been wrong.", "science will not make us happy / science cannot guide us", "It tells us how and never why. / It gives knives to children. / The heart has questions that no lens can see."),
    ("luck", "Luck rules our lives", "luck rules our lives / success is mostly chance", "I have seen fools rise and wise men beg. / Nobody chooses the cradle he lies in. / A dropped letter has decided wars.", "every man makes his own luck / success is the fruit of work", "Chance knocks, but one must be at home. / The harder I worked the luckier I grew. / Only the idle speak of fortune."),
    ("marriage", "Everyone should marry", "everyone should marry / marriage is the best of states", "Two carry a burden more lightly. / A house without children is too quiet. / It cures a man of thinking only of himself.", "not everyone should marry / marriage is a cage", "Love flies from a contract. / The free hours are the first thing to go. / I have seen too many silent suppers."),
    ("the sea", "The sea is the best teacher", "the sea is the best of teachers / nothing is so great as the sea", "It makes every man small and brave. / It has no lords and no fences. / One learns there to obey the wind.", "the sea is a murderer / no wise man goes to sea", "It took two of my kin. / There is nothing to see there but water. / A ship is a jail in which one can drown."),
    ("meat", "One should eat no meat", "one should eat no meat / it is wrong to eat our fellow creatures", "The ox is strong and lives on grass. / I could not kill the lamb myself. / Bread and beans keep me in health.", "one may eat meat in good conscience / meat gives a man strength", "No one has dug a ditch on cabbage. / The teeth in our heads are made for it. / The wolf does not ask either."),
    ("fashion", "Fashion is folly", "fashion is folly / only fools follow the fashion", "What is worn today is laughed at tomorrow. / A coat is for warmth. / One pays the tailor for being like others.", "fashion is a harmless joy / one should dress with care", "A fine coat opens doors. / It gives bread to a hundred tailors. / To look well is a courtesy to others."),
    ("great cathedrals", "Cathedrals are worth their cost", "the cathedrals are worth what they cost / a great church lifts up a town", "Stone outlives every quarrel. / The mason and the beggar own it alike. / One breathes differently under such a roof.", "the cathedrals cost too much / a town needs houses more than towers", "The poor sleep on its steps. / God asks for no marble. / With that money one could build ten schools."),
    ("night work", "One works best at night", "one works best at night / the night is the time for thought", "Nobody knocks at the door. / The lamp makes a small world of its own. / The best ideas came to me after midnight.", "one works best in the morning / night work ruins the health", "The head is fresh before breakfast. / What is written by lamp must be struck out by day. / Sleep lost is never paid back."),
    ("electric light", "Electric light is progress", "electric light is a great good / the new light makes men safe", "A thief loves the dark. / It does not smoke and it does not flicker. / One can read at any hour.", "electric light is a great evil / the new light robs us of the night", "The stars are gone from over the town. / It is hard on the eyes and on the soul. / Now the worker must work after sunset as well."),
    ("lending books", "Libraries should be free", "libraries should be free to all / every village should have its library", "A book read by fifty is fifty times a book. / I owe mine all that I know. / It keeps the young from the tavern.", "libraries should not be free / a man should buy the books he reads", "What costs nothing is not valued. / They come back with torn pages. / The author gets not a penny from it."),
    ("bees", "Bees are a model for us", "the bees are a model for us / we should learn from the bees", "Each works for all, and none is idle. / They take from the flower without hurting it. / Their house has no lock.", "the bees are no model for us / a hive is a prison", "No bee has ever had a thought of its own. / They kill the drones in autumn. / Order is not the same as happiness."),
    ("the telegraph", "The telegraph unites mankind", "the telegraph unites mankind / the wire is the wonder of our age", "A son can call his father to a sickbed in an hour. / Merchants know the price before the ship sails. / Nations that speak quickly may agree quickly.", "the telegraph brings no peace / the wire makes us restless", "Lies travel on it as fast as the truth. / Bad news came early enough before. / Ten words are too few for kindness."),
    ("taxes", "Taxes are too high", "the taxes are too high / the state takes too much", "The farmer works until June for the minister. / It is spent on drums and lace. / What is taken by force is not given gladly.", "the taxes are just / everyone should pay taxes willingly", "Roads and bridges do not grow by themselves. / The rich man needs the constable more than the poor one. / It is the rent we pay for order."),
    ("duels", "Duels should be forbidden", "duels should be forbidden / a duel proves nothing", "The better shot is not the better man. / A widow is a poor proof of honour. / An apology needs more courage.", "a duel may be needful / a man must defend his honour", "Some insults no court can judge. / Men speak with more care when words have a price. / Without honour life is only eating."),
    ("gardens", "A garden is better than a palace", "a garden is better than a palace / everyone should have a garden", "It forgives our mistakes every spring. / The hands are busy and the mind is free. / One's own beans taste of freedom.", "a garden is a waste of labour / a garden makes a man its slave", "The snail reaps what I sow. / The market has better fruit. / The back aches and the weeds return."),
    ("memory", "Memory can be trusted", "memory can be trusted / we remember rightly what matters", "The heart keeps better books than the clerk. / What I learned as a child I still know. / Old witnesses are often right.", "memory cannot be trusted / our memory flatters us", "Two brothers tell two childhoods. / We recall what we told and not what we saw. / I have been proved wrong by my own diary."),
    ("cold baths", "Cold baths are healthy", "cold baths keep one well / cold water hardens the body", "I have had no cough since I began. / The blood runs faster after them. / It is a small victory every morning.", "cold baths are dangerous / cold water weakens the body", "The heart was not made for such shocks. / I knew a man who died of it. / Warm water cleans better."),
    ("inheritance", "Inheritance should be abolished", "nobody should inherit a fortune / inherited wealth spoils men", "What one did not earn one does not respect. / Sons of the rich begin where they should end. / The race is unfair from the start.", "a man may leave his wealth to his children / inheritance is a sacred right", "For whom else did he save it? / An orchard needs three generations. / The state would waste it in a year."),
    ("flying machines", "Man will fly", "man will learn to fly / flying machines will come", "A bird is only a machine of bone and feather. / The kite already lifts a child. / Each failure has taught us something.", "man will never fly / flying machines are a dream", "We are too heavy and too weak. / Every man who tried it broke his legs. / What would we do in the clouds?"),
    ("silence", "Silence is better than speech", "silence is better than speech / one should speak little", "No word unsaid has ever been regretted. / The fool is known by his tongue. / Those who listen learn.", "speech is better than silence / one should speak out", "Wrongs live on the silence of good men. / A quarrel spoken is half settled. / The silent man is often only empty."),
    ("tea", "Tea is better than coffee", "tea is better than coffee / tea is the friend of thought", "It wakes without making one tremble. / It costs little and harms nobody. / Quarrels end when the kettle sings.", "coffee is better than tea / tea is a weak drink", "Coffee has written half our books. / Tea is for the sick and the bored. / It tastes of hot hay."),
    ("diaries", "Everyone should keep a diary", "everyone should keep a diary / a diary makes one honest", "One cannot flatter oneself in ink for long. / Days that are not written down are lost. / It is the cheapest of teachers.", "nobody should keep a diary / a diary makes one vain", "One begins to live for the page. / What is worth keeping stays by itself. / Sooner or later someone reads it."),
    ("examinations", "Examinations are useful", "examinations are useful / pupils should be examined often", "Without them the lazy pass for wise. / The pupil learns where he stands. / A post should go to knowledge and not to cousins.", "examinations are harmful / pupils should not be examined", "They reward the parrot. / Fear drives out what was learned. / The best heads are often the slowest."),
    ("borders", "Borders should fall", "the borders should fall / the whole world is our country", "No line is drawn on the earth itself. / The same bread is eaten on both sides. / Soldiers would have nothing to guard.", "the borders must remain / every people needs its own house", "Good fences keep good neighbours. / He who loves all countries serves none. / Laws need a place where they hold."),
    ("oaths", "One should never swear an oath", "one should never swear an oath / a plain word is enough", "The honest need no oath and the liar fears none. / It drags heaven into our small quarrels. / My yes has always been a yes.", "an oath is a good thing / men should swear to the truth", "It makes the careless stop and think. / Without it no court could sit. / A promise before witnesses holds better."),
    ("bridges", "Bridges do more good than armies", "bridges do more good than armies / a bridge is the best of works", "It serves the friend and the stranger. / It stands when the general is forgotten. / Each day it saves someone an hour.", "bridges are no use without armies / a bridge is an open door for thieves", "The enemy marches over it too. / The ferryman loses his bread. / Floods take it sooner or later."),
    ("early rising", "One should rise early", "one should rise early / the morning is the best of the day", "The air is clean and the street is still. / Two hours before breakfast are worth four after it. / I have never regretted an early start.", "one should sleep long / early rising is overpraised", "A tired man does everything twice. / The early hour makes one proud and sleepy. / Bed is the poor man's palace."),
    ("large families", "Large families are happy", "large families are happy / many children are a blessing", "They bring each other up. / There is always somebody to laugh with. / In old age one is not alone.", "small families are happy / few children are better than many", "Bread is cut thinner at a long table. / The mother is worn out at thirty. / One can know two children but not ten."),
    ("copying the ancients", "We should follow the ancients", "we should follow the ancients / the old masters were the best", "What has lasted two thousand years is no fashion. / They had less and saw more. / Everything new was said by them first.", "we should not follow the ancients / every age must find its own way", "They too were young once and broke the rules. / He who only follows never arrives. / They knew nothing of steam or stars."),
    ("gambling", "Gambling should be forbidden", "gambling should be forbidden / no one should play for money", "It is a tax on hope. / I have seen a farm lost between two drinks. / The winner is as ruined as the loser.", "gambling should be allowed / a little play for money does no harm", "A grown man may waste his own purse. / All trade is a wager. / What is forbidden is done in cellars."),
    ("photographs", "Photographs are an art", "a photograph is a work of art / the camera sees more than we do", "It keeps the face of the dead. / Choosing the moment is the whole of art. / It shows what pride would hide.", "a photograph is no work of art / the camera sees nothing", "A box cannot love what it looks at. / It stops the world and calls it truth. / Any fool can press a button."),
)  # fmt: skip

SUBJECTS = tuple(_subject(row) for row in _ROWS)

THINGS = tuple(
    [
        "clocks",
        "maps",
        "mirrors",
        "ladders",
        "carpets",
        "umbrellas",
        "hats",
        "boots",
        "lamps",
        "candles",
        "letters",
        "sermons",
        "novels",
        "proverbs",
        "statues",
        "fountains",
        "taverns",
        "markets",
        "fairs",
        "lawyers",
        "poets",
        "soldiers",
        "actors",
        "bankers",
        "priests",
        "clerks",
        "sailors",
        "goats",
        "geese",
        "sheep",
        "apples",
        "onions",
        "potatoes",
        "pears",
        "cakes",
        "pies",
        "puppets",
        "kites",
        "drums",
        "flutes",
        "organs",
        "violins",
        "parades",
        "feasts",
        "speeches",
        "dictionaries",
        "fables",
        "riddles",
        "gloves",
        "ribbons",
        "wigs",
        "windows",
        "stoves",
        "cellars",
        "chimneys",
        "ferries",
        "canals",
        "carriages",
        "balloons",
        "islands",
        "forests",
        "deserts",
        "mountains",
        "caves",
        "swamps",
        "lighthouses",
        "harbours",
        "museums",
        "prisons",
        "hospitals",
        "orphanages",
        "guilds",
        "juries",
        "colonies",
    ]
)
LIKING = Side(
    (
        "{n} are among the best things in the world", "no town should be without {n}",
        "{n} have been a comfort to many", "we need more {n} in this country", "{n} deserve our praise",
        "it is hard to praise {n} enough",
    ),
    (
        "They have never done me any harm.", "They cost little and give much.",
        "My grandmother loved them, and she was wise.", "They bring people together.",
        "One learns patience from them.", "Without them the winter would be long.",
        "They make a dull street cheerful.", "They remind us that we are not alone.",
    ),
)  # fmt: skip
DISLIKING = Side(
    (
        "{n} are of no use to anybody", "we could well live without {n}",
        "{n} bring nothing but trouble", "there are far too many {n} in this country",
        "{n} are praised more than they deserve", "it is hard to see any good in {n}",
    ),
    (
        "They take up room and give nothing back.", "They cost more than they are worth.",
        "I lost a good friend on their account.", "They make the young idle.",
        "One pays for them and is laughed at.", "They are noisy, and I love peace.",
        "My father warned me of them, and he was right.", "They please only those who sell them.",
    ),
)  # fmt: skip


def _thing(noun: str) -> Subject:
    favour = Side(tuple(s.format(n=noun) for s in LIKING.stances), LIKING.reasons)
    against = Side(tuple(s.format(n=noun) for s in DISLIKING.stances), DISLIKING.reasons)
    return Subject(noun, f"{noun.capitalize()} do more good than harm", favour, against)


THING_SUBJECTS = tuple(_thing(noun) for noun in THINGS)
